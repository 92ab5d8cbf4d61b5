"""The sentence that says in plain words what may be concluded, and what may not."""

from __future__ import annotations

import msgspec

from inference.comparison import Comparison, Reason
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.statuses import FEWEST_EVENTS, Status, fewest_units
from inference.wording import (
    Language,
    Sentence,
    count_in_words,
    percent_in_words,
    range_in_words,
)


class Pair(msgspec.Struct, frozen=True):
    """What is compared: a variant with its baseline on one metric, and their mature units."""

    plan: ExperimentPlan
    metric: MetricPlan
    baseline: ArmPlan
    variant: ArmPlan
    n_baseline: int
    n_variant: int


def sentence_of_estimate(pair: Pair, status: Status, difference: Comparison) -> Sentence:
    """What the always-valid interval says."""
    template = _CONCLUSIONS[status]
    return Sentence(
        en=template.en.format(**_facts(pair, "en"), **_figures(pair, difference, "en")),
        de=template.de.format(**_facts(pair, "de"), **_figures(pair, difference, "de")),
    )


def sentence_of_obstacle(pair: Pair, reason: Reason) -> Sentence:
    """Why there is no estimate, and what helps."""
    template = _OBSTACLES[reason]
    return Sentence(
        en=template.en.format(**_facts(pair, "en")), de=template.de.format(**_facts(pair, "de"))
    )


def sentence_of_mixed_units(share: float) -> Sentence:
    """The warning about units that met more than one variant."""
    return Sentence(
        en=f"{percent_in_words(share, 'en')} of the units met more than one variant and are left "
        "out; find out how a unit can change its variant.",
        de=f"{percent_in_words(share, 'de')} der Einheiten trafen mehr als eine Variante und "
        "bleiben außen vor; klären Sie, wie eine Einheit die Variante wechseln kann.",
    )


def _facts(pair: Pair, language: Language) -> dict[str, str]:
    return {
        "metric": pair.metric.name or pair.metric.key,
        "baseline": pair.baseline.name or pair.baseline.variant,
        "variant": pair.variant.name or pair.variant.variant,
        "units": _UNITS[pair.plan.unit, language],
        "n_baseline": count_in_words(pair.n_baseline, language),
        "n_variant": count_in_words(pair.n_variant, language),
        "fewest_units": count_in_words(fewest_units(pair.metric), language),
        "fewest_events": count_in_words(FEWEST_EVENTS, language),
    }


def _figures(pair: Pair, difference: Comparison, language: Language) -> dict[str, str]:
    words = range_in_words(difference, pair.metric, pair.plan.unit, language)
    level = percent_in_words(difference.level, language)
    return {**msgspec.structs.asdict(words), "level": level}


_UNITS = {
    ("account", "en"): "accounts",
    ("account", "de"): "Accounts",
    ("contact", "en"): "contacts",
    ("contact", "de"): "Kontakte",
}

_INTERVAL_EN = "{estimate} ({level} interval, valid however often one looks: {lower} to {upper})"
_INTERVAL_DE = (
    "{estimate} ({level}-Intervall, gültig, sooft man auch hinschaut: {lower} bis {upper})"
)

_CONCLUSIONS = {
    Status.BETTER: Sentence(
        en="{variant} is better than {baseline} on {metric}: " + _INTERVAL_EN + ".",
        de="{variant} ist bei {metric} besser als {baseline}: " + _INTERVAL_DE + ".",
    ),
    Status.WORSE: Sentence(
        en="{variant} is worse than {baseline} on {metric}: " + _INTERVAL_EN + ".",
        de="{variant} ist bei {metric} schlechter als {baseline}: " + _INTERVAL_DE + ".",
    ),
    Status.UNDECIDED: Sentence(
        en="No difference shown yet between {variant} and {baseline} on {metric}: "
        + _INTERVAL_EN
        + ". This does not show that there is none.",
        de="Noch kein Unterschied zwischen {variant} und {baseline} bei {metric} gezeigt: "
        + _INTERVAL_DE
        + ". Das zeigt nicht, dass es keinen gibt.",
    ),
    Status.EQUIVALENT: Sentence(
        en="No difference that matters between {variant} and {baseline} on {metric}: "
        + _INTERVAL_EN
        + ", all of it inside the range registered as equivalent.",
        de="Kein Unterschied von Belang zwischen {variant} und {baseline} bei {metric}: "
        + _INTERVAL_DE
        + ", ganz im Bereich, der als gleichwertig eingetragen ist.",
    ),
    Status.SAFE: Sentence(
        en="{variant} does not harm {metric} by more than the registered margin: "
        + _INTERVAL_EN
        + ".",
        de="{variant} schadet {metric} nicht mehr, als der eingetragene Spielraum erlaubt: "
        + _INTERVAL_DE
        + ".",
    ),
    Status.HARMED: Sentence(
        en="{variant} harms {metric} by more than the registered margin: " + _INTERVAL_EN + ".",
        de="{variant} schadet {metric} mehr, als der eingetragene Spielraum erlaubt: "
        + _INTERVAL_DE
        + ".",
    ),
    Status.UNCLEAR: Sentence(
        en="Whether {variant} harms {metric} by more than the registered margin is still open: "
        + _INTERVAL_EN
        + ".",
        de="Ob {variant} {metric} mehr schadet, als der eingetragene Spielraum erlaubt, ist noch "
        "offen: " + _INTERVAL_DE + ".",
    ),
    Status.OBSERVATIONAL: Sentence(
        en="{variant} and {baseline} differ on {metric} by "
        + _INTERVAL_EN
        + ". This is an association, not an effect: nobody was assigned at random.",
        de="{variant} und {baseline} unterscheiden sich bei {metric} um "
        + _INTERVAL_DE
        + ". Das ist ein Zusammenhang, keine Wirkung: Es wurde nicht zufällig zugeteilt.",
    ),
}

_HAVE_EN = "{n_baseline} {units} of {baseline} and {n_variant} of {variant} are mature"
_HAVE_DE = "{n_baseline} {units} von {baseline} und {n_variant} von {variant} sind reif"

_OBSTACLES = {
    Reason.TOO_FEW_UNITS: Sentence(
        en="Too early to say anything about {metric}: "
        + _HAVE_EN
        + "; each needs at least {fewest_units}.",
        de="Zu früh für eine Aussage zu {metric}: "
        + _HAVE_DE
        + "; jede Seite braucht mindestens {fewest_units}.",
    ),
    Reason.TOO_FEW_EVENTS: Sentence(
        en="Too early to say anything about {metric}: at least {fewest_events} {units} of each "
        "variant must have converted; " + _HAVE_EN + ".",
        de="Zu früh für eine Aussage zu {metric}: In jeder Variante müssen mindestens "
        "{fewest_events} {units} konvertiert sein; " + _HAVE_DE + ".",
    ),
    Reason.FAR_FROM_PLAN: Sentence(
        en="Too early to say anything about {metric}: " + _HAVE_EN + ", too few for an interval in "
        "an experiment planned this large.",
        de="Zu früh für eine Aussage zu {metric}: " + _HAVE_DE + ", zu wenig für ein Intervall in "
        "einem so groß geplanten Experiment.",
    ),
    Reason.LESS_THAN_A_WEEK: Sentence(
        en="Too early to say anything about {metric}: less than one full business week has been "
        "seen, and weekdays differ.",
        de="Zu früh für eine Aussage zu {metric}: Es ist noch keine volle Geschäftswoche "
        "beobachtet, und Wochentage unterscheiden sich.",
    ),
    Reason.NO_EXPOSURE: Sentence(
        en="Nothing to say about {metric} yet: none of the {units} has met a variant.",
        de="Noch keine Aussage zu {metric}: Keiner der {units} ist einer Variante begegnet.",
    ),
    Reason.BACKFILL_RUNNING: Sentence(
        en="Nothing to say about {metric} yet: the history is still being counted.",
        de="Noch keine Aussage zu {metric}: Die Vorgeschichte wird noch ausgezählt.",
    ),
    Reason.NO_VARIANCE: Sentence(
        en="Nothing to compare on {metric}: all {units} of {variant} and {baseline} have the same "
        "value so far.",
        de="Bei {metric} gibt es nichts zu vergleichen: Alle {units} von {variant} und {baseline} "
        "haben bisher denselben Wert.",
    ),
    Reason.DENOMINATOR_NEAR_ZERO: Sentence(
        en="Too early to say anything about {metric}: what it is divided by is still too close to "
        "zero.",
        de="Zu früh für eine Aussage zu {metric}: Der Nenner liegt noch zu nahe bei null.",
    ),
    Reason.OUT_OF_RANGE: Sentence(
        en="No valid reading of {metric}: values are too large to be real. Check the source.",
        de="Keine gültige Ablesung von {metric}: Werte sind zu groß, um echt zu sein. Prüfen Sie "
        "die Quelle.",
    ),
    Reason.SAMPLE_RATIO_MISMATCH: Sentence(
        en="No valid reading of {metric}: the {units} are not split as registered. Find the cause "
        "before reading any result.",
        de="Keine gültige Ablesung von {metric}: Die {units} sind nicht so verteilt wie "
        "eingetragen. Klären Sie die Ursache, bevor Sie Ergebnisse lesen.",
    ),
    Reason.TOO_MANY_MIXED_UNITS: Sentence(
        en="No valid reading of {metric}: too many {units} met more than one variant. Find out how "
        "a unit can change its variant.",
        de="Keine gültige Ablesung von {metric}: Zu viele {units} trafen mehr als eine Variante. "
        "Klären Sie, wie eine Einheit die Variante wechseln kann.",
    ),
}
