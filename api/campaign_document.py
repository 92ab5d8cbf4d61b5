"""A campaign as JSON: sums of what one reader may see of its experiments and contents. Pure.

Made from documents that were redacted for this reader, so a part that is not shown is in no sum.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.dimensions import NOT_GIVEN, OTHER
from schemas.policies import Level
from schemas.resources import Experiment, MetricKind
from schemas.wording import Language, Sentence
from transparency.roll_ups import Part, RollUp, roll_up
from transparency.tables import EMPTY, Cell, total_of

Node = Mapping[str, Any]


class SeenExperiment(NamedTuple):
    """An experiment, how much of it is seen, and its results as far as they are."""

    experiment: Experiment
    level: Level
    results: Node


class RolledPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one experiment adds; `value` in steps of 10 to the power of minus `scale`, as text."""

    experiment: str
    accounts: int
    value: str


class RolledContent(msgspec.Struct, frozen=True, kw_only=True):
    """What one content adds over the experiments that are broken down by content."""

    content: str
    accounts: int
    value: str
    experiments: tuple[RolledPart, ...]


class RolledMetric(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a metric over the campaign, as the last steps released it.

    `accounts` are units whose window has passed; one that is in two experiments counts in both.
    """

    metric: str
    version: int
    name: str
    unit_label: str
    currency: str | None
    scale: int
    accounts: int
    value: str
    experiments: tuple[RolledPart, ...]
    contents: tuple[RolledContent, ...]
    has_small: bool


class CampaignSums(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign: the experiments of it that may be known of, and sums by metric."""

    campaign: str
    experiments: tuple[dict[str, str], ...]
    metrics: tuple[RolledMetric, ...]
    sentence: str


class _Version(NamedTuple):
    """What can be added up: one version of a metric, in one currency."""

    metric: str
    version: int
    currency: str


def campaign_of(campaign: str, seen: Sequence[SeenExperiment], language: Language) -> CampaignSums:
    """Return the sums of these experiments."""
    found: dict[_Version, Node] = {}
    for one in seen:
        found |= dict(_versions(one.results))
    return CampaignSums(
        campaign=campaign,
        experiments=tuple({"key": e.key, "name": e.name, "status": e.status} for e, *_ in seen),
        metrics=tuple(_rolled(version, found[version], seen) for version in sorted(found)),
        sentence=_SENTENCE.in_language(language),
    )


def _rolled(version: _Version, metric: Node, seen: Sequence[SeenExperiment]) -> RolledMetric:
    parts = tuple(
        Part(key=one.experiment.key, level=one.level, own=_own(version, one)) for one in seen
    )
    rolled = roll_up(Part(key="", level=Level.METRICS, parts=parts))
    return RolledMetric(
        metric=version.metric,
        version=version.version,
        name=metric["name"],
        unit_label=metric.get("unit_label") or "",
        currency=metric.get("currency"),
        scale=metric["scale"],
        accounts=rolled.sum.accounts,
        value=_value(rolled.sum),
        experiments=_parts(rolled),
        contents=tuple(_contents(version, seen)),
        has_small=rolled.has_small,
    )


def _contents(version: _Version, seen: Sequence[SeenExperiment]) -> Iterator[RolledContent]:
    by_content: dict[str, list[Part]] = {}
    for one in seen:
        for content, cell in _groups(version, one):
            part = Part(key=one.experiment.key, level=one.level, own=cell)
            by_content.setdefault(content, []).append(part)
    for content, parts in sorted(by_content.items()):
        whole = Part(key=content, level=Level.SEGMENTS, parts=tuple(parts))
        rolled = roll_up(whole, needs=Level.SEGMENTS)
        if rolled.parts:
            yield RolledContent(
                content=content,
                accounts=rolled.sum.accounts,
                value=_value(rolled.sum),
                experiments=_parts(rolled),
            )


def _parts(rolled: RollUp) -> tuple[RolledPart, ...]:
    return tuple(
        RolledPart(experiment=child.key, accounts=child.sum.accounts, value=_value(child.sum))
        for child in rolled.parts
    )


def _versions(results: Node) -> Iterator[tuple[_Version, Node]]:
    for metric in results.get("metrics", ()):
        # A ratio of sums is none of its parts; and where there is no scale, nothing else is seen.
        if metric["kind"] != MetricKind.RATIO and "scale" in metric:
            yield _Version(metric["metric"], metric["version"], metric["currency"] or ""), metric


def _own(version: _Version, one: SeenExperiment) -> Cell:
    """The figures of one experiment over all variants that show them."""
    arms = [arm for found, m in _versions(one.results) if found == version for arm in m["arms"]]
    sums = [arm["moments"] for arm in arms if "sum_y" in arm.get("moments", ())]
    value = sum(int(moments["sum_y"]) for moments in sums)
    # What accounts brought is not below 0; amounts that are taken back are in no sum of others.
    return EMPTY if value < 0 else _cell(sum(moments["n"] for moments in sums), value)


def _groups(version: _Version, one: SeenExperiment) -> Iterator[tuple[str, Cell]]:
    """The contents of one experiment over all variants that show them."""
    if version not in dict(_versions(one.results)):
        return
    for breakdown in one.results.get("breakdowns", ()):
        for row in breakdown["rows"] if breakdown["dimension"] == "content" else ():
            cells = [
                _cell(cell["accounts"], cell["values"][version.metric])
                for cell in row["cells"]
                if version.metric in cell.get("values", ())
            ]
            if row["value"] not in {OTHER, NOT_GIVEN} and cells:
                yield row["value"], total_of(cells)


def _cell(accounts: int, value: int) -> Cell:
    return Cell(accounts, {"value": value}) if accounts else EMPTY


def _value(cell: Cell) -> str:
    return str(cell.values.get("value", 0))


_SENTENCE = Sentence(
    en="Sums of what you may see, as the last steps released it; others may see more or less. An "
    "account counts once in every experiment that it is in. Sums compare nothing: what an "
    "experiment showed stands in its results.",
    de="Summen dessen, was Sie sehen dürfen, nach dem Stand der letzten Schritte; andere sehen "
    "vielleicht mehr oder weniger. Ein Account zählt einmal in jedem Experiment, in dem er ist. "
    "Summen vergleichen nichts: Was ein Experiment gezeigt hat, steht in seinen Ergebnissen.",
)
