"""Makes insights with their sentences, in English and German. Pure.

Whoever records an insight calls one of these: the words are written in one place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.insights import (
    Alarm,
    AlarmKind,
    Decided,
    Decision,
    ExperimentClosed,
    ExperimentStarted,
    ExperimentStopped,
    ReadingSide,
    ReadingStatus,
    ReviewDue,
    ReviewOverdue,
    ReviewRequested,
    StatusChanged,
    WebhookDisabled,
)
from schemas.wording import Sentence


def experiment_started(key: str, name: str) -> ExperimentStarted:
    """An experiment began."""
    sentence = Sentence(f"“{name}” has started.", f"„{name}“ hat begonnen.")
    return ExperimentStarted(experiment=key, sentence=sentence)


def experiment_closed(key: str, name: str) -> ExperimentClosed:
    """An experiment takes in no further unit."""
    return ExperimentClosed(
        experiment=key,
        sentence=Sentence(
            f"“{name}” takes in no more; windows that are open stay open.",
            f"„{name}“ nimmt nichts mehr auf; offene Fenster bleiben offen.",
        ),
    )


def experiment_stopped(key: str, name: str, reason: str) -> ExperimentStopped:
    """An experiment ended before its time."""
    return ExperimentStopped(
        experiment=key,
        reason=reason,
        sentence=Sentence(
            f"“{name}” was stopped: {reason}", f"„{name}“ wurde angehalten: {reason}"
        ),
    )


def review_requested(key: str, name: str, due_at: datetime | None = None) -> ReviewRequested:
    """Both sides are asked to read the results together."""
    until = Sentence("", "") if due_at is None else _until(due_at)
    return ReviewRequested(
        experiment=key,
        due_at=due_at,
        sentence=Sentence(
            f"Marketing and sales are asked to read “{name}” together{until.en}.",
            f"Marketing und Vertrieb sind gebeten, „{name}“ gemeinsam zu lesen{until.de}.",
        ),
    )


class ReviewPlace(NamedTuple):
    """Which review of an experiment, and until when it asks to be read."""

    experiment: str
    name: str
    review: int
    due_at: datetime


def review_due(place: ReviewPlace, side: ReadingSide) -> ReviewDue:
    """One side has not written yet, and the deadline comes near."""
    who, until = _WHO_WRITES[side], _until(place.due_at)
    return ReviewDue(
        experiment=place.experiment,
        review=place.review,
        side=side,
        due_at=place.due_at,
        sentence=Sentence(
            f"{who.en} has not written its reading of “{place.name}” yet; it is asked for"
            f"{until.en}.",
            f"{who.de} fehlt noch die Lesung von „{place.name}“; erbeten ist sie{until.de}.",
        ),
    )


def review_overdue(place: ReviewPlace, missing: Sequence[ReadingSide]) -> ReviewOverdue:
    """The deadline has passed and nothing is concluded."""
    why = why_overdue(missing)
    return ReviewOverdue(
        experiment=place.experiment,
        review=place.review,
        due_at=place.due_at,
        missing=tuple(missing),
        sentence=Sentence(
            f"The review of “{place.name}” is overdue: {why.en}",
            f"Der Review von „{place.name}“ ist überfällig: {why.de}",
        ),
    )


def why_overdue(missing: Sequence[ReadingSide]) -> Sentence:
    """What an overdue review waits for: readings of these sides, or signatures."""
    return _WHY_OVERDUE[tuple(missing)]


def decided(key: str, name: str, decision: Decision, *, is_joint: bool) -> Decided:
    """A review ended in a decision."""
    word = _DECISIONS[decision]
    how = _JOINTLY if is_joint else _ALONE
    return Decided(
        experiment=key,
        decision=decision,
        is_joint=is_joint,
        sentence=Sentence(
            f"“{name}” is decided: {word.en}. {how.en}",
            f"„{name}“ ist entschieden: {word.de}. {how.de}",
        ),
    )


class Pair(NamedTuple):
    """A variant against its baseline on a metric of an experiment: keys, or names to be read."""

    experiment: str
    metric: str
    baseline: str
    variant: str


def status_changed(
    keys: Pair,
    names: Pair,
    *,
    previous: ReadingStatus,
    status: ReadingStatus,
    reason: str | None = None,
) -> StatusChanged:
    """Something else may be concluded about a metric."""
    now, before = _STATUSES[status], _STATUSES[previous]
    where, metric, baseline, variant = names
    return StatusChanged(
        experiment=keys.experiment,
        metric=keys.metric,
        baseline=keys.baseline,
        variant=keys.variant,
        previous=previous,
        status=status,
        reason=reason,
        sentence=Sentence(
            f"“{where}”, {metric}, {variant} against {baseline}: {now.en} (before: {before.en}).",
            f"„{where}“, {metric}, {variant} gegen {baseline}: {now.de} (bisher: {before.de}).",
        ),
    )


def alarm_of_experiment(key: str, name: str, alarm: AlarmKind, *, is_raised: bool) -> Alarm:
    """Something keeps the results of an experiment from being trusted, or no longer does."""
    words = _ALARMS[alarm] if is_raised else _ENDED[alarm]
    return Alarm(
        alarm=alarm,
        state="raised" if is_raised else "ended",
        experiment=key,
        sentence=Sentence(f"“{name}”: {words.en}", f"„{name}“: {words.de}"),
    )


def alarm_of_source(source: str, *, is_raised: bool) -> Alarm:
    """A source of events fell silent, or is heard of again."""
    words = _ALARMS["source_silent"] if is_raised else _ENDED["source_silent"]
    return Alarm(
        alarm="source_silent",
        state="raised" if is_raised else "ended",
        source=source,
        sentence=Sentence(f"{source}: {words.en}", f"{source}: {words.de}"),
    )


def webhook_disabled(webhook: str, host: str, *, is_gone: bool) -> WebhookDisabled:
    """Nothing more is sent to a webhook."""
    return WebhookDisabled(
        webhook=webhook,
        reason="gone" if is_gone else "failing",
        sentence=(_GONE if is_gone else _FAILING).of(host),
    )


def _until(due_at: datetime) -> Sentence:
    return Sentence(f" by {due_at:%Y-%m-%d}", f" bis {due_at:%d.%m.%Y}")


class _Template(Sentence, frozen=True):
    def of(self, name: str) -> Sentence:
        return Sentence(self.en.format(name=name), self.de.format(name=name))


_DECISIONS: dict[Decision, Sentence] = {
    "adopt": Sentence("adopt it", "übernehmen"),
    "iterate": Sentence("change it and try again", "ändern und erneut versuchen"),
    "stop": Sentence("let it be", "nicht weiterverfolgen"),
    "keep_looking": Sentence("keep looking", "weiter beobachten"),
}
_JOINTLY = Sentence("Both sides have signed.", "Beide Seiten haben unterschrieben.")
_ALONE = Sentence("Concluded without a joint reading.", "Ohne gemeinsame Lesung abgeschlossen.")

_WHO_WRITES: dict[ReadingSide, Sentence] = {
    "marketing": Sentence("Marketing", "Vom Marketing"),
    "sales": Sentence("Sales", "Vom Vertrieb"),
}
_WHY_OVERDUE: dict[tuple[ReadingSide, ...], Sentence] = {
    (): Sentence(
        "both sides have written, but signed no decision together.",
        "Beide Lesungen liegen vor, aber keine Entscheidung, die beide unterschrieben haben.",
    ),
    ("marketing",): Sentence(
        "marketing has not written its reading.", "Die Lesung des Marketings fehlt."
    ),
    ("sales",): Sentence("sales has not written its reading.", "Die Lesung des Vertriebs fehlt."),
    ("marketing", "sales"): Sentence(
        "neither side has written its reading.", "Die Lesungen beider Seiten fehlen."
    ),
}

_STATUSES: dict[ReadingStatus, Sentence] = {
    "collecting": Sentence("still collecting", "sammelt noch"),
    "invalid": Sentence("cannot be read", "nicht lesbar"),
    "undecided": Sentence("no difference shown yet", "noch kein Unterschied gezeigt"),
    "better": Sentence("better", "besser"),
    "worse": Sentence("worse", "schlechter"),
    "equivalent": Sentence("no difference that matters", "kein Unterschied, der zählt"),
    "observational": Sentence(
        "an association, no effect shown", "ein Zusammenhang, keine gezeigte Wirkung"
    ),
    "safe": Sentence("no harm beyond what is allowed", "kein Schaden über das Erlaubte hinaus"),
    "harmed": Sentence("harmed beyond what is allowed", "Schaden über das Erlaubte hinaus"),
    "unclear": Sentence("harm not ruled out yet", "Schaden noch nicht ausgeschlossen"),
}
_ALARMS: dict[AlarmKind, Sentence] = {
    "sample_ratio_mismatch": Sentence(
        "The units are not split as registered. Nothing can be concluded until the cause is found.",
        "Die Einheiten sind nicht so aufgeteilt wie registriert. Bis die Ursache gefunden ist, "
        "lässt sich nichts schließen.",
    ),
    "too_many_mixed_units": Sentence(
        "Too many units met more than one variant. Nothing can be concluded from the rest.",
        "Zu viele Einheiten sind mehr als einer Variante begegnet. Aus den übrigen lässt sich "
        "nichts schließen.",
    ),
    "source_silent": Sentence(
        "No event came from this source for longer than ever before.",
        "Von dieser Quelle kam so lange kein Ereignis wie nie zuvor.",
    ),
}
_ENDED: dict[AlarmKind, Sentence] = {
    "sample_ratio_mismatch": Sentence(
        "The units are split as registered again.",
        "Die Einheiten sind wieder so aufgeteilt wie registriert.",
    ),
    "too_many_mixed_units": Sentence(
        "Few enough units met more than one variant again.",
        "Wieder sind nur wenige Einheiten mehr als einer Variante begegnet.",
    ),
    "source_silent": Sentence(
        "Events come from this source again.", "Von dieser Quelle kommen wieder Ereignisse."
    ),
}
_FAILING = _Template(
    "Nothing came through to the webhook at {name} for three days; nothing more is sent to it.",
    "Beim Webhook auf {name} kam drei Tage lang nichts an; es wird nichts mehr gesendet.",
)
_GONE = _Template(
    "The webhook at {name} says that it is gone; nothing more is sent to it.",
    "Der Webhook auf {name} meldet, dass es ihn nicht mehr gibt; es wird nichts mehr gesendet.",
)
