"""Why there is no estimate and what helps, by reason, in both languages: sentence templates."""

from __future__ import annotations

from inference.comparison import Reason
from schemas.wording import Sentence

_HAVE_EN = "{n_baseline} {units} of {baseline} and {n_variant} of {variant} are mature"
_HAVE_DE = "{n_baseline} {units} von {baseline} und {n_variant} von {variant} sind reif"

OBSTACLES = {
    Reason.NO_UNITS: Sentence(
        en="Nothing to compare on {metric}: a variant has no mature {units}. " + _HAVE_EN + ".",
        de="Bei {metric} gibt es nichts zu vergleichen: Eine Variante hat keine reifen {units}. "
        + _HAVE_DE
        + ".",
    ),
    Reason.ONE_UNIT: Sentence(
        en="Nothing to compare on {metric}: a single unit does not show how units differ. "
        + _HAVE_EN
        + ".",
        de="Bei {metric} gibt es nichts zu vergleichen: Eine einzelne Einheit zeigt nicht, wie "
        "verschieden Einheiten sind. " + _HAVE_DE + ".",
    ),
    Reason.BEFORE_REGISTERED_END: Sentence(
        en="{metric} is read once, at the registered end: so few {units} are planned that looking "
        "earlier would find differences that are none. " + _HAVE_EN + ", of {planned} planned.",
        de="{metric} wird einmal abgelesen, am eingetragenen Ende: Es sind so wenige {units} "
        "geplant, dass frühere Blicke Unterschiede fänden, die keine sind. "
        + _HAVE_DE
        + ", von {planned} geplanten.",
    ),
    Reason.UNIT_OUTCOMES_MISSING: Sentence(
        en="Nothing to say about {metric}: an experiment planned this small is read unit by unit, "
        "and it has become too large for that. " + _HAVE_EN + ".",
        de="Keine Aussage zu {metric}: Ein so klein geplantes Experiment wird Einheit für Einheit "
        "abgelesen, und dafür ist es zu groß geworden. " + _HAVE_DE + ".",
    ),
    Reason.NO_COMPLETE_BLOCK: Sentence(
        en="Too early to say anything about {metric}: "
        + _HAVE_EN
        + "; both variants need units to be compared.",
        de="Zu früh für eine Aussage zu {metric}: "
        + _HAVE_DE
        + "; zum Vergleich braucht es Einheiten beider Varianten.",
    ),
    Reason.NO_COMMON_DIFFERENCE: Sentence(
        en="No single difference sums up {metric}: the order in which {units} converted fits none. "
        "Find out what changed during the experiment.",
        de="Kein einzelner Unterschied fasst {metric} zusammen: Zu der Reihenfolge, in der {units} "
        "konvertierten, passt keiner. Klären Sie, was sich während des Experiments geändert hat.",
    ),
    Reason.NO_POSSIBLE_P_VALUE: Sentence(
        en="Too few {units} to say anything about {metric}, whatever they had done: "
        + _HAVE_EN
        + ". A larger experiment can.",
        de="Zu wenige {units} für eine Aussage zu {metric}, was immer sie getan hätten: "
        + _HAVE_DE
        + ". Ein größeres Experiment kann es.",
    ),
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
    Reason.DEFINITION_CHANGED: Sentence(
        en="No valid reading of {metric}: what it counts was changed after the first exposure, so "
        "it no longer answers the registered question. A follow-up experiment can.",
        de="Keine gültige Ablesung von {metric}: Was gezählt wird, wurde nach der ersten Begegnung "
        "geändert und beantwortet die eingetragene Frage nicht mehr. Ein Folgeexperiment kann es.",
    ),
    Reason.TOO_MANY_MIXED_UNITS: Sentence(
        en="No valid reading of {metric}: too many {units} met more than one variant. Find out how "
        "a unit can change its variant.",
        de="Keine gültige Ablesung von {metric}: Zu viele {units} trafen mehr als eine Variante. "
        "Klären Sie, wie eine Einheit die Variante wechseln kann.",
    ),
}
