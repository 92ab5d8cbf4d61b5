"""Says what was left out of a document and why, so that nobody takes a part for the whole."""

import msgspec

from schemas.policies import Level
from schemas.wording import Language, Sentence


class Withheld(msgspec.Struct, frozen=True):
    """Something that is not shown, and the reason."""

    what: str
    why: str


def of_level(missing: Level, seen: Level, language: Language) -> Withheld:
    """Return what is kept for a level that this viewer does not have."""
    why = _LEVEL_WHY.in_language(language).format(
        missing=_NAMES[missing].in_language(language), seen=_NAMES[seen].in_language(language)
    )
    return Withheld(_LEVEL_WHAT[missing].in_language(language), why)


def of_status(metric: str, language: Language) -> Withheld:
    """Return figures that a status forbids."""
    what = _STATUS_WHAT.in_language(language).format(metric=metric)
    return Withheld(what, _STATUS_WHY.in_language(language))


def of_small_cells(dimension: str, language: Language) -> Withheld:
    """Return the small groups of a breakdown."""
    what = _CELLS_WHAT.in_language(language).format(dimension=dimension)
    return Withheld(what, _CELLS_WHY.in_language(language))


def of_pinning(language: Language) -> Withheld:
    """Return what is only shown from a pinned snapshot."""
    return Withheld(_PINNED_WHAT.in_language(language), _PINNED_WHY.in_language(language))


def of_contacts(language: Language) -> Withheld:
    """Return the contacts of accounts that others serve."""
    return Withheld(_CONTACTS_WHAT.in_language(language), _CONTACTS_WHY.in_language(language))


_NAMES = {
    Level.HEADLINE: Sentence(en="the headline", de="die Kernaussage"),
    Level.METRICS: Sentence(en="all readings", de="alle Ablesungen"),
    Level.SEGMENTS: Sentence(en="breakdowns", de="Aufschlüsselungen"),
    Level.JOURNEYS: Sentence(en="single accounts", de="einzelne Accounts"),
}
_LEVEL_WHAT = {
    Level.METRICS: Sentence(
        en="Secondary metrics and guardrails, further methods, exact sums",
        de="Nebenmetriken und Leitplanken, weitere Methoden, exakte Summen",
    ),
    Level.SEGMENTS: Sentence(
        en="Breakdowns by content, channel and the like",
        de="Aufschlüsselungen nach Inhalt, Kanal und Ähnlichem",
    ),
    Level.JOURNEYS: Sentence(
        en="Single accounts, and days with few accounts",
        de="Einzelne Accounts, und Tage mit wenigen Accounts",
    ),
}
_LEVEL_WHY = Sentence(
    en="The policy of this experiment keeps it for readers of {missing}; you see {seen} here.",
    de="Die Sichtbarkeitsregel dieses Experiments behält es Lesern vor, die {missing} sehen; "
    "Sie sehen hier: {seen}.",
)
_STATUS_WHAT = Sentence(en="Figures of {metric}", de="Zahlen zu {metric}")
_STATUS_WHY = Sentence(
    en="Its status does not allow an estimate; the reading says what is missing.",
    de="Ihr Status erlaubt keine Schätzung; die Ablesung sagt, was fehlt.",
)
_CELLS_WHAT = Sentence(
    en="Some groups in the breakdown by {dimension}",
    de="Einige Gruppen in der Aufschlüsselung nach {dimension}",
)
_CELLS_WHY = Sentence(
    en="Groups of few accounts are hidden, and with them whatever they would follow from.",
    de="Gruppen aus wenigen Accounts sind verborgen, und mit ihnen alles, woraus sie folgten.",
)
_PINNED_WHAT = Sentence(en="The effect week by week", de="Die Wirkung Woche für Woche")
_PINNED_WHY = Sentence(
    en="It is shown from the snapshot that the review pins: live, two readings a few accounts "
    "apart would tell about those accounts.",
    de="Sie wird aus dem Stand gezeigt, den der Review festhält: Live verrieten zwei Ablesungen, "
    "zwischen denen wenige Accounts liegen, etwas über diese.",
)
_CONTACTS_WHAT = Sentence(
    en="Contacts of accounts that other teams serve",
    de="Kontakte von Accounts, die andere Teams betreuen",
)
_CONTACTS_WHY = Sentence(
    en="Contacts are open only to sellers of the account's team.",
    de="Kontakte sehen nur Verkäufer des Teams, das den Account betreut.",
)
