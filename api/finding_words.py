"""The sentences of findings, English and German: what was found, and what can be done about it."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from api.foretold_power import Foretold
from inference.wording import count_in_words, percent_in_words
from schemas.metric_definitions import Side


class InBothLanguages(BaseModel):
    """The same sentence twice."""

    en: str
    de: str

    def said(self, **facts: object) -> "InBothLanguages":
        """Return the sentence with its facts in place."""
        return InBothLanguages(en=self.en.format(**facts), de=self.de.format(**facts))


WEIGHTS = InBothLanguages(
    en="The weights are read in relation to each other: {shares}.",
    de="Die Gewichte gelten im Verhältnis zueinander: {shares}.",
)
NO_END = InBothLanguages(
    en="No end is set: intake goes on until somebody closes it.",
    de="Es ist kein Ende gesetzt: Die Aufnahme läuft, bis jemand sie schließt.",
)
LESS_THAN_A_WEEK = InBothLanguages(
    en="The period is shorter than a week. Days of the week differ, so nothing is read before a "
    "whole one has passed; let it run for whole weeks.",
    de="Der Zeitraum ist kürzer als eine Woche. Wochentage unterscheiden sich, deshalb wird vor "
    "einer ganzen Woche nichts gelesen; planen Sie ganze Wochen.",
)
WINDOW_LONGER = InBothLanguages(
    en="The window of “{metric}” ({days} days) is longer than the period: results come "
    "long after intake has ended.",
    de="Das Fenster von „{metric}“ ({days} Tage) ist länger als der Zeitraum: "
    "Ergebnisse kommen erst lange nach dem Ende der Aufnahme.",
)
NO_INTERPRETER: Mapping[Side, InBothLanguages] = MappingProxyType(
    {
        Side.MARKETING: InBothLanguages(
            en="Nobody of marketing is named to read the results; a review needs both sides.",
            de="Vom Marketing ist niemand zum Lesen der Ergebnisse benannt; ein Review braucht "
            "beide Seiten.",
        ),
        Side.SALES: InBothLanguages(
            en="Nobody of sales is named to read the results; a review needs both sides.",
            de="Vom Vertrieb ist niemand zum Lesen der Ergebnisse benannt; ein Review braucht "
            "beide Seiten.",
        ),
    }
)
NO_MARGIN = InBothLanguages(
    en="The guardrail “{metric}” has no margin: without the largest worsening that is "
    "acceptable, it can never be called safe, and no variant be adopted.",
    de="Die Leitplanke „{metric}“ hat keinen Spielraum: Ohne die größte "
    "Verschlechterung, die hinnehmbar ist, kann sie nie sicher heißen und keine Variante "
    "übernommen werden.",
)
NOT_IN_FORCE = InBothLanguages(
    en="Marketing and sales have not both agreed to what “{metric}” means.",
    de="Marketing und Vertrieb haben sich noch nicht beide auf die Bedeutung von "
    "„{metric}“ geeinigt.",
)
NOT_LOOKED_UP = InBothLanguages(
    en="The events of the last 30 days could not be looked through in time; what depends on them "
    "is not checked.",
    de="Die Ereignisse der letzten 30 Tage ließen sich nicht rechtzeitig durchsehen; was von "
    "ihnen abhängt, ist ungeprüft.",
)
NOT_ASSIGNED_YET = InBothLanguages(
    en="No experiment.exposure event names “{key}” yet; units count from the first one on.",
    de="Noch nennt kein Ereignis experiment.exposure „{key}“; Einheiten zählen ab dem ersten.",
)
MATCHES_NOTHING = InBothLanguages(
    en="No event of the last 30 days matches the exposure rule: nobody would have been exposed. "
    "Check types and conditions.",
    de="Kein Ereignis der letzten 30 Tage passt zur Expositionsregel: Niemand wäre exponiert "
    "worden. Prüfen Sie Typen und Bedingungen.",
)
VARIANT_UNMET = InBothLanguages(
    en="Events match the exposure rule, but none of the last 30 days names {variants}.",
    de="Ereignisse passen zur Expositionsregel, aber keines der letzten 30 Tage nennt {variants}.",
)
UNKNOWN_VARIANT = InBothLanguages(
    en="{count} of {whole} matching events name no registered variant; they would expose nobody.",
    de="{count} von {whole} passenden Ereignissen nennen keine eingetragene Variante; sie würden "
    "niemanden exponieren.",
)
NO_METRIC_EVENTS = InBothLanguages(
    en="No event of the last 30 days counts for “{metric}”.",
    de="Kein Ereignis der letzten 30 Tage zählt für „{metric}“.",
)
OVERLAP = InBothLanguages(
    en="{share} of the accounts that would be exposed take part in “{other}”, which runs now: "
    "effects may mix. Assign independently, or let one of them wait.",
    de="{share} der Accounts, die exponiert würden, nehmen an „{other}“ teil, das gerade läuft: "
    "Wirkungen können sich mischen. Teilen Sie unabhängig zu, oder lassen Sie eines warten.",
)
MAY_OVERLAP = InBothLanguages(
    en="{share} of the accounts you are in touch with take part in “{other}”, which runs now: "
    "where you assign the same ones, effects may mix.",
    de="{share} der Accounts, mit denen Sie in Kontakt sind, nehmen an „{other}“ teil, das gerade "
    "läuft: Wo Sie dieselben zuteilen, können sich Wirkungen mischen.",
)
TOO_FEW_UNITS = InBothLanguages(
    en="At the pace of the last 30 days about {expected} units come in the period, {planned} are "
    "planned: let it run longer, or plan for a larger effect.",
    de="Im Tempo der letzten 30 Tage kommen im Zeitraum etwa {expected} Einheiten, geplant sind "
    "{planned}: Lassen Sie es länger laufen, oder planen Sie für einen größeren Effekt.",
)
NOT_FORETOLD = InBothLanguages(
    en="The past says too little about “{metric}” to foretell whether it can conclude.",
    de="Die Vergangenheit sagt zu wenig über „{metric}“, um vorherzusagen, ob es zu einem "
    "Ergebnis kommen kann.",
)
_ONLY_LARGE = InBothLanguages(
    en="With {units} units, “{metric}” would have to change by {lift} before it shows: treat this "
    "experiment as exploratory.",
    de="Mit {units} Einheiten müsste sich „{metric}“ um {lift} ändern, bevor man es sieht: "
    "Betrachten Sie dieses Experiment als Erkundung.",
)
_NOTHING_SHOWS = InBothLanguages(
    en="With {units} units no change of “{metric}” would show at all: treat this experiment as "
    "exploratory.",
    de="Mit {units} Einheiten wäre bei „{metric}“ gar keine Änderung zu sehen: Betrachten Sie "
    "dieses Experiment als Erkundung.",
)


def why_exploratory(one: Foretold, metric: str, units: int) -> InBothLanguages:
    """Say what would have to happen for the experiment to conclude."""
    template = _NOTHING_SHOWS if one.as_lift is None else _ONLY_LARGE
    lift = abs(one.as_lift or 0.0)
    return InBothLanguages(
        en=template.en.format(
            metric=metric, units=count_in_words(units, "en"), lift=percent_in_words(lift, "en")
        ),
        de=template.de.format(
            metric=metric, units=count_in_words(units, "de"), lift=percent_in_words(lift, "de")
        ),
    )
