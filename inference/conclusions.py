"""What an estimate allows to be said, by status, in both languages: templates of sentences."""

from __future__ import annotations

from inference.statuses import Status
from schemas.wording import Sentence

WATCHED_INTERVAL = Sentence(
    en="{estimate} ({level} interval, valid however often one looks: {lower} to {upper})",
    de="{estimate} ({level}-Intervall, gültig, sooft man auch hinschaut: {lower} bis {upper})",
)
ONE_LOOK_INTERVAL = Sentence(
    en="{estimate} ({level} interval of the one look at the registered end: {lower} to {upper})",
    de="{estimate} ({level}-Intervall des einen Blicks am eingetragenen Ende: {lower} bis {upper})",
)

CONCLUSIONS = {
    Status.BETTER: Sentence(
        en="{variant} is better than {baseline} on {metric}: {interval}.",
        de="{variant} ist bei {metric} besser als {baseline}: {interval}.",
    ),
    Status.WORSE: Sentence(
        en="{variant} is worse than {baseline} on {metric}: {interval}.",
        de="{variant} ist bei {metric} schlechter als {baseline}: {interval}.",
    ),
    Status.UNDECIDED: Sentence(
        en="No difference shown yet between {variant} and {baseline} on {metric}: {interval}. "
        "This does not show that there is none.",
        de="Noch kein Unterschied zwischen {variant} und {baseline} bei {metric} gezeigt: "
        "{interval}. Das zeigt nicht, dass es keinen gibt.",
    ),
    Status.EQUIVALENT: Sentence(
        en="No difference that matters between {variant} and {baseline} on {metric}: {interval}, "
        "all of it inside the range registered as equivalent.",
        de="Kein Unterschied von Belang zwischen {variant} und {baseline} bei {metric}: "
        "{interval}, ganz im Bereich, der als gleichwertig eingetragen ist.",
    ),
    Status.SAFE: Sentence(
        en="{variant} does not harm {metric} by more than the registered margin of {margin}: "
        "{interval}.",
        de="{variant} schadet {metric} nicht mehr, als der eingetragene Spielraum von {margin} "
        "erlaubt: {interval}.",
    ),
    Status.HARMED: Sentence(
        en="{variant} harms {metric} by more than the registered margin of {margin}: {interval}.",
        de="{variant} schadet {metric} mehr, als der eingetragene Spielraum von {margin} "
        "erlaubt: {interval}.",
    ),
    Status.UNCLEAR: Sentence(
        en="Whether {variant} harms {metric} by more than the registered margin of {margin} is "
        "still open: {interval}.",
        de="Ob {variant} {metric} mehr schadet, als der eingetragene Spielraum von {margin} "
        "erlaubt, ist noch offen: {interval}.",
    ),
    Status.OBSERVATIONAL: Sentence(
        en="{variant} and {baseline} differ on {metric} by {interval}. This is an association, "
        "not an effect: nobody was assigned at random.",
        de="{variant} und {baseline} unterscheiden sich bei {metric} um {interval}. Das ist ein "
        "Zusammenhang, keine Wirkung: Es wurde nicht zufällig zugeteilt.",
    ),
}

WITHOUT_MARGIN = {
    Status.SAFE: Sentence(
        en="{variant} does not harm {metric}: {interval}.",
        de="{variant} schadet {metric} nicht: {interval}.",
    ),
    Status.HARMED: Sentence(
        en="{variant} harms {metric}: {interval}.",
        de="{variant} schadet {metric}: {interval}.",
    ),
    Status.UNCLEAR: Sentence(
        en="Whether {variant} harms {metric} is still open: {interval}.",
        de="Ob {variant} {metric} schadet, ist noch offen: {interval}.",
    ),
}
"""A guardrail for which no worsening was registered as acceptable."""

UNDECIDED_AT_THE_END = Sentence(
    en="No difference shown between {variant} and {baseline} on {metric}: {interval}. This does "
    "not show that there is none.",
    de="Kein Unterschied zwischen {variant} und {baseline} bei {metric} gezeigt: {interval}. Das "
    "zeigt nicht, dass es keinen gibt.",
)
