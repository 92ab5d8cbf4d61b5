"""Any order of steps, over any time: each is taken where it may be, and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg import AsyncConnection

from schemas.amendments import AmendmentDraft
from schemas.resources import ExperimentDraft, MetricDraft
from storage import registry
from storage.amendments import amend_experiment, amendments_of
from storage.definitions import NOTHING_LOADED, ActiveDefinitions, DefinitionBody, load_active
from storage.registry import ConflictError

pytestmark = pytest.mark.stack

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
METRIC = MetricDraft.model_validate(
    {
        "key": "leads",
        "name": "Leads",
        "meaning": "The account became a lead.",
        "owner": "sales",
        "kind": "conversion",
        "measure": {"filter": {"types": ["lead.created"]}},
        "window": "P14D",
    }
)

MAY_BE_TAKEN_FROM = {
    "replace": {"draft"},
    "register": {"draft"},
    "start": {"draft", "registered"},
    "close": {"running"},
    "stop": {"registered", "running", "closed", "in_review"},
    "amend": {"registered", "running", "closed"},
    "reword": {"registered", "running", "closed", "stopped", "decided"},
    "open_review": {"running", "closed", "stopped"},
    "keep_looking": {"in_review"},
    "decide": {"in_review"},
}


def draft(key: str, **fields: Any) -> ExperimentDraft:
    return ExperimentDraft.model_validate(
        {
            "key": key,
            "name": "Offer",
            "hypothesis": "It helps.",
            "owner": "marketing",
            "variants": [{"key": "plain", "control": True}, {"key": "short"}],
            "metrics": [{"metric": "leads"}],
            "starts_at": BEGIN + 5 * DAY,
            "ends_at": BEGIN + 20 * DAY,
            "planned_units": 100,
            **fields,
        }
    )


class Life(RuleBasedStateMachine):
    """One experiment and a model of it: what was decided, its period, and what was frozen."""

    def __init__(self, runner: asyncio.Runner, connection: AsyncConnection, number: int) -> None:
        super().__init__()
        self.runner, self.connection = runner, connection
        self.key = f"life-{number}"
        self.now = BEGIN
        self.stored = "draft"
        self.starts, self.ends = BEGIN + 5 * DAY, BEGIN + 20 * DAY
        self.is_stopped = False
        self.epoch = 0
        self.amendments = 0
        self.marks: set[str] = set()
        self.run(registry.add_experiment(connection, draft(self.key), at=BEGIN))

    def run(self, body: Coroutine[Any, Any, Any]) -> Any:
        async def in_a_transaction() -> Any:
            async with self.connection.transaction():
                return await body

        return self.runner.run(in_a_transaction())

    def stands(self) -> str:
        if self.stored != "registered":
            return self.stored
        if self.now < self.starts:
            return "registered"
        return "running" if self.now < self.ends else "closed"

    def tried(self, step: str, body: Callable[..., Awaitable[Any]], **told: Any) -> bool:
        """Try a step; return whether it was taken, which is where it may be and nowhere else."""
        may_be_taken = self.stands() in MAY_BE_TAKEN_FROM[step]
        if step == "stop" and self.is_stopped:
            may_be_taken = False
        call = body(self.connection, self.key, at=self.now, **told)
        if may_be_taken:
            self.run(call)  # type: ignore[arg-type]
        else:
            with pytest.raises(ConflictError, match=f"is {self.stands()}|was stopped"):
                self.run(call)  # type: ignore[arg-type]
        return may_be_taken

    @rule(days=st.integers(1, 9))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY

    @rule(units=st.integers(2, 500))
    def somebody_changes_the_draft(self, units: int) -> None:
        async def replace(connection: AsyncConnection, key: str, *, at: datetime) -> None:
            await registry.replace_draft(connection, draft(key, planned_units=units), at=at)

        self.tried("replace", replace)

    @rule()
    def register(self) -> None:
        if self.tried("register", registry.register_experiment, reporting_currency="EUR"):
            self.stored = "registered"
            self.epoch += 1

    @rule()
    def start(self) -> None:
        if self.tried("start", registry.start_experiment, reporting_currency="EUR"):
            self.stored = "registered"
            self.starts = min(self.starts, self.now)
            self.epoch += 1

    @rule()
    def close(self) -> None:
        if self.tried("close", registry.close_experiment, reporting_currency="EUR"):
            self.ends = max(self.now, self.starts + timedelta(microseconds=1))
            self.epoch += 1

    @rule()
    def stop(self) -> None:
        told = {"reason": "no budget", "reporting_currency": "EUR"}
        if self.tried("stop", registry.stop_experiment, **told):
            self.stored = "in_review" if self.stored == "in_review" else "stopped"
            self.is_stopped = True
            self.ends = max(min(self.ends, self.now), self.starts + timedelta(microseconds=1))
            self.epoch += 1

    @rule()
    def open_review(self) -> None:
        if self.tried("open_review", registry.open_review):
            self.stored = "in_review"

    @rule()
    def keep_looking(self) -> None:
        if self.tried("keep_looking", registry.keep_looking):
            self.stored = "stopped" if self.is_stopped else "registered"

    @rule()
    def decide(self) -> None:
        if self.tried("decide", registry.decide):
            self.stored = "decided"

    @rule(number=st.integers(1, 10**6))
    def reword(self, number: int) -> None:
        changes = {"name": f"Offer {self.epoch}.{number}"}
        if self.tried("reword", self.amended(changes)):
            self.epoch += 1
            self.amendments += 1

    @rule(units=st.integers(1_000, 10**6))
    def amend(self, units: int) -> None:
        changes = {"planned_units": units + self.epoch * 10**7}
        # Nothing was counted to the end here, so from the start on exposures are assumed.
        begun = self.now >= self.starts
        if self.tried("amend", self.amended(changes)):
            self.epoch += 1
            self.amendments += 1
            self.marks |= {"*"} if begun else set()

    def amended(self, changes: dict[str, Any]) -> Callable[..., Awaitable[Any]]:
        asked = AmendmentDraft(reason="the market has changed", changes=changes)

        async def amend(connection: AsyncConnection, key: str, *, at: datetime) -> None:
            await amend_experiment(
                connection, key, asked, at=at, by="ada", reporting_currency="EUR"
            )

        return amend

    @invariant()
    def what_is_stored_is_what_the_model_says(self) -> None:
        found = self.run(registry.experiment(self.connection, self.key, at=self.now))
        made = self.run(amendments_of(self.connection, self.key))

        assert found.status == self.stands()
        assert (found.starts_at, found.ends_at) == (self.starts, self.ends)
        assert (found.epoch, set(found.invalidated)) == (self.epoch, self.marks)
        assert [amendment.number for amendment in made] == [*range(1, self.amendments + 1)]
        if self.epoch:
            frozen = self.run(self.newest_definition())
            fields = ExperimentDraft.model_fields
            assert frozen.experiment == ExperimentDraft.model_validate(
                {name: getattr(found, name) for name in fields}
            )
            assert frozen.invalidated == found.invalidated
            assert found.metrics[0].version == 1

    async def newest_definition(self) -> DefinitionBody:
        cursor = await self.connection.execute(
            "SELECT d.body FROM definitions d JOIN experiments e ON e.id = experiment_id "
            "WHERE key = %s ORDER BY d.epoch DESC",
            (self.key,),
        )
        row = await cursor.fetchone()
        assert row is not None
        return DefinitionBody.from_json(row[0])


def test_any_order_of_steps_over_any_time_leaves_what_the_model_says(database: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(AsyncConnection.connect(database, autocommit=True))
        numbers = iter(range(1_000_000))

        async def prepare() -> None:
            async with connection.transaction():
                await registry.add_metric(connection, METRIC, at=BEGIN)

        try:
            runner.run(prepare())
            run_state_machine_as_test(
                lambda: Life(runner, connection, next(numbers)),
                settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
            )
        finally:
            runner.run(connection.close())


def test_a_further_registration_compiles_no_definition_anew(database: str) -> None:
    async def body() -> None:
        async with await AsyncConnection.connect(database, autocommit=True) as connection:
            for key in ("first", "second"):
                async with connection.transaction():
                    await registry.add_metric(connection, METRIC, at=BEGIN)
                    await registry.add_experiment(connection, draft(key), at=BEGIN)
            first = await registered(connection, "first", NOTHING_LOADED)
            second = await registered(connection, "second", first)

            kept = [second.index.by_id[key] is one for key, one in first.index.by_id.items()]
            assert kept == [True]
            assert sorted(d.experiment for d in second.index.by_id.values()) == ["first", "second"]
            assert second.revision > first.revision

    asyncio.run(body())


async def registered(
    connection: AsyncConnection, key: str, known: ActiveDefinitions
) -> ActiveDefinitions:
    async with connection.transaction():
        await registry.register_experiment(connection, key, at=BEGIN, reporting_currency="EUR")
    async with connection.transaction():
        return await load_active(connection, known)
