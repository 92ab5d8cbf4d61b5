"""The active definitions, frozen as they were registered, compiled for attribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from attribution.definitions import Definition, compile_definition
from attribution.index import DefinitionIndex
from attribution.money import Rate, Rates
from schemas.amendments import EVERY_METRIC
from schemas.currencies import MINOR_DIGITS
from schemas.resources import ExperimentDraft, Invalidation, Metric
from storage.erased_contacts import has_erasures
from storage.gate import registry_revision
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class DefinitionBody:
    """Everything that decides a number: the experiment, its pinned metrics, the rate table.

    `invalidated` names the metrics, or `*` for all, whose meaning an amendment changed after the
    first exposure.
    """

    experiment: ExperimentDraft
    metrics: dict[str, Metric]
    reporting_currency: str
    rates: tuple[Rate, ...]
    invalidated: Mapping[str, Invalidation] = field(default_factory=dict)

    def is_invalidated(self, metric: str) -> bool:
        """Tell whether the numbers of a metric no longer mean what was registered."""
        return not self.invalidated.keys().isdisjoint({metric, EVERY_METRIC})

    def to_json(self) -> Jsonb:
        """Return the body as it is frozen in the database."""
        rates = [[r.currency, r.valid_from.isoformat(), str(r.rate)] for r in self.rates]
        return Jsonb(
            {
                "experiment": self.experiment.model_dump(mode="json"),
                "metrics": [metric.model_dump(mode="json") for metric in self.metrics.values()],
                "reporting_currency": self.reporting_currency,
                "rates": rates,
                "invalidated": {
                    key: mark.model_dump(mode="json") for key, mark in self.invalidated.items()
                },
            }
        )

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "DefinitionBody":
        """Return a frozen body as it was registered."""
        metrics = [Metric.model_validate(metric) for metric in body["metrics"]]
        return cls(
            experiment=ExperimentDraft.model_validate(body["experiment"]),
            metrics={metric.key: metric for metric in metrics},
            reporting_currency=body["reporting_currency"],
            rates=tuple(Rate(c, date.fromisoformat(d), Decimal(r)) for c, d, r in body["rates"]),
            # Definitions that were frozen before there were amendments say nothing of them.
            invalidated={
                key: Invalidation.model_validate(mark)
                for key, mark in body.get("invalidated", {}).items()
            },
        )

    def compile(self, definition_id: int) -> Definition:
        """Return the definition that events are attributed to."""
        rates = Rates(self.reporting_currency, self.rates, MINOR_DIGITS)
        return compile_definition(definition_id, self.experiment, self.metrics, rates)


@dataclass(frozen=True, slots=True)
class ActiveDefinitions:
    """What a worker attributes to, as of one registry revision."""

    revision: int
    index: DefinitionIndex
    is_building: bool
    has_erasures: bool = False
    """Whether events of erased contacts have to be looked for."""

    def experiments_of(self, definition_ids: set[int]) -> set[str]:
        """Return the keys of the experiments that these definitions belong to."""
        return {
            self.index.by_id[key].experiment for key in definition_ids if key in self.index.by_id
        }


@dataclass(frozen=True, slots=True)
class FrozenDefinition:
    """A definition as other systems may read it."""

    id: int
    epoch: int
    body: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        """The key of the experiment that it defines."""
        return str(self.body["experiment"]["key"])


NOTHING_LOADED = ActiveDefinitions(-1, DefinitionIndex(()), is_building=False)


async def load_active(
    connection: Connection, known: ActiveDefinitions = NOTHING_LOADED
) -> ActiveDefinitions:
    """Load the active definitions. The caller has entered the gate, so they cannot change.

    Definitions never change, so only those are read that are not in `known`: with ten thousand
    experiments, a further one costs the stream milliseconds.
    """
    revision = await registry_revision(connection)
    cursor = await connection.execute(statement("active_definitions"))
    statuses: dict[int, str] = dict(await cursor.fetchall())
    compiled = {key: known.index.by_id[key] for key in statuses if key in known.index.by_id}
    new = await _compiled(connection, [key for key in statuses if key not in compiled])
    return ActiveDefinitions(
        revision=revision,
        index=DefinitionIndex(compiled.get(key) or new[key] for key in statuses),
        is_building="building" in statuses.values(),
        has_erasures=await has_erasures(connection),
    )


async def _compiled(connection: Connection, ids: Sequence[int]) -> dict[int, Definition]:
    if not ids:
        return {}
    cursor = await connection.execute(statement("bodies_of_definitions"), {"ids": list(ids)})
    return {
        key: DefinitionBody.from_json(body).compile(key) for key, body in await cursor.fetchall()
    }


async def next_unpublished(connection: Connection, *, limit: int) -> list[FrozenDefinition]:
    """Return definitions that were not published yet, locked until the transaction ends."""
    cursor = await connection.execute(statement("next_unpublished_definitions"), {"limit": limit})
    return [FrozenDefinition(*row) for row in await cursor.fetchall()]


async def note_published(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    """Remember that these definitions are published."""
    await connection.execute(statement("note_published"), {"ids": list(ids), "at": at})
