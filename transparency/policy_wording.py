"""Says in plain sentences who sees how much under a policy, and when: a table to show. Pure."""

from collections.abc import Mapping

import msgspec

from schemas.policies import Audience, Level, Phase, PolicyDraft
from schemas.wording import Language, Sentence


class ExplainedPhase(msgspec.Struct, frozen=True):
    """What one audience sees in one phase."""

    phase: Phase
    level: Level
    sentence: str


class ExplainedAudience(msgspec.Struct, frozen=True):
    """A row of the table: an audience, who that is, and what they see phase by phase."""

    audience: Audience
    who: str
    phases: tuple[ExplainedPhase, ...]


def explained(policy: PolicyDraft, language: Language) -> tuple[ExplainedAudience, ...]:
    """Return the table of a policy, those closest to the work first."""
    return tuple(_row(policy, audience, language) for audience in Audience)


def always(language: Language) -> tuple[str, ...]:
    """Return what holds under every policy, and is not for a policy to say."""
    return tuple(sentence.in_language(language) for sentence in _ALWAYS)


def _row(policy: PolicyDraft, audience: Audience, language: Language) -> ExplainedAudience:
    phases = tuple(
        _cell(audience, phase, policy.of(audience).at(phase), language) for phase in Phase
    )
    return ExplainedAudience(audience, _WHO[audience].in_language(language), phases)


def _cell(audience: Audience, phase: Phase, level: Level, language: Language) -> ExplainedPhase:
    said = (
        _WHEN[phase]
        .in_language(language)
        .format(who=_NAMES[audience].in_language(language), what=_WHAT[level].in_language(language))
    )
    return ExplainedPhase(phase, level, said)


_WHO: Mapping[Audience, Sentence] = {
    Audience.OWNER_TEAM: Sentence(
        en="Marketers, sellers and leaders of the team that runs the experiment (of the whole side "
        "where no team is named), and those of its side who interpret it.",
        de="Marketing- und Vertriebsleute sowie Führungskräfte des Teams, das das Experiment "
        "durchführt (der ganzen Seite, wo kein Team benannt ist), und wer es für diese Seite "
        "liest.",
    ),
    Audience.OTHER_SIDE: Sentence(
        en="Marketers, sellers and leaders of the other side, interpreters among them.",
        de="Marketing- und Vertriebsleute sowie Führungskräfte der anderen Seite, auch wer es für "
        "sie liest.",
    ),
    Audience.ORGANISATION: Sentence(
        en="Everybody else: other teams of the same side, engineers, stewards, machines.",
        de="Alle anderen: weitere Teams derselben Seite, Technik, Datenverantwortliche, Maschinen.",
    ),
}
_NAMES: Mapping[Audience, Sentence] = {
    Audience.OWNER_TEAM: Sentence(en="the owner team", de="das durchführende Team"),
    Audience.OTHER_SIDE: Sentence(en="the other side", de="die andere Seite"),
    Audience.ORGANISATION: Sentence(en="the organisation", de="die übrige Organisation"),
}
_WHEN: Mapping[Phase, Sentence] = {
    Phase.RUNNING: Sentence(
        en="Until a review is opened, {who} sees {what}.",
        de="Bis ein Review beginnt, sieht {who} {what}.",
    ),
    Phase.IN_REVIEW: Sentence(
        en="From the review on, {who} sees {what}.", de="Ab dem Review sieht {who} {what}."
    ),
    Phase.DECIDED: Sentence(
        en="Once both sides have decided, {who} sees {what}.",
        de="Nach der gemeinsamen Entscheidung sieht {who} {what}.",
    ),
}
_WHAT: Mapping[Level, Sentence] = {
    Level.NONE: Sentence(
        en="nothing, not even that there is such an experiment",
        de="nichts, auch nicht, dass es dieses Experiment gibt",
    ),
    Level.HEADLINE: Sentence(
        en="the headline: how many units take part, and what may be concluded on the primary "
        "metrics",
        de="die Kernaussage: wie viele Einheiten teilnehmen und was sich zu den Hauptmetriken "
        "sagen lässt",
    ),
    Level.METRICS: Sentence(
        en="all readings: every metric, but no breakdown",
        de="alle Ablesungen: jede Metrik, aber keine Aufschlüsselung",
    ),
    Level.SEGMENTS: Sentence(
        en="all readings and their breakdowns by content, channel and the like",
        de="alle Ablesungen samt Aufschlüsselungen nach Inhalt, Kanal und Ähnlichem",
    ),
    Level.JOURNEYS: Sentence(
        en="all readings, their breakdowns, and what single accounts did",
        de="alle Ablesungen samt Aufschlüsselungen, und was einzelne Accounts getan haben",
    ),
}
_ALWAYS = (
    Sentence(
        en="Groups of fewer than five accounts are hidden from everybody.",
        de="Gruppen von weniger als fünf Accounts sind für alle verborgen.",
    ),
    Sentence(
        en="Leaders who are neither marketer nor seller see all readings at most, and no "
        "breakdowns.",
        de="Führungskräfte, die nicht selbst in Marketing oder Vertrieb arbeiten, sehen höchstens "
        "alle Ablesungen und keine Aufschlüsselungen.",
    ),
    Sentence(
        en="Contacts are open only to sellers of the account's team.",
        de="Kontakte sehen nur Verkäufer des Teams, das den Account betreut.",
    ),
    Sentence(
        en="Reading breakdowns or single accounts is kept in a log that the owner team can read.",
        de="Wer Aufschlüsselungen oder einzelne Accounts ansieht, steht in einem Protokoll, das "
        "das durchführende Team lesen kann.",
    ),
)
