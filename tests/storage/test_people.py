"""People, sessions, attempts and tokens in PostgreSQL: what holds whatever the API does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from schemas.people import PersonChange, PersonDraft, PersonSide, Role, TeamDraft
from schemas.scopes import Scope
from schemas.tokens import TokenDraft
from storage import credentials, people, sessions, tokens
from storage.attempts import Subject, block_after, count_attempt, forgive, uncount_attempt
from storage.pool import Connection

pytestmark = pytest.mark.stack

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA = "p-00000000000000ad"
BOB = "p-00000000000000b0"
TOKEN = "t-0000000000000001"


def on(database: str, body: Callable[[Connection], Awaitable[None]]) -> None:
    async def run() -> None:
        connect = AsyncConnection.connect(database, autocommit=True)
        async with await connect as connection:
            await body(connection)

    asyncio.run(run())


def draft(**changes: object) -> PersonDraft:
    fields: dict[str, object] = {
        "name": "Ada",
        "side": "marketing",
        "roles": ["marketer"],
        "email": "ada@house.example",
        **changes,
    }
    return PersonDraft.model_validate(fields)


def change(*, is_active: bool) -> PersonChange:
    fields = draft().model_dump(exclude={"email"})
    return PersonChange.model_validate({**fields, "is_active": is_active})


async def add(
    connection: Connection, person_id: str = ADA, address: bytes = b"ada", **changes: object
) -> None:
    async with connection.transaction():
        await people.add_person(connection, person_id, draft(**changes), address, at=NOW, by=None)


def test_a_person_is_read_back_with_teams_and_roles_in_order(database: str) -> None:
    async def body(connection: Connection) -> None:
        for key, side in (("growth", "marketing"), ("research", "neutral")):
            team = TeamDraft(key=key, name=key.title(), side=PersonSide(side))
            await people.add_team(connection, team, at=NOW)
        await add(connection, roles=["steward", "marketer"], teams=["research", "growth"])

        ada = await people.person(connection, ADA)
        page = await people.people_after(connection, after="", limit=10)

        assert (ada.roles, ada.teams) == ((Role.MARKETER, Role.STEWARD), ("growth", "research"))
        assert (ada.is_active, ada.signs_in_with, ada.created_at) == (True, None, NOW)
        assert page == [ada]

    on(database, body)


def test_a_team_of_the_other_side_and_one_that_is_not_there_are_refused(database: str) -> None:
    async def body(connection: Connection) -> None:
        field = TeamDraft(key="field", name="Field", side=PersonSide.SALES)
        await people.add_team(connection, field, at=NOW)

        with pytest.raises(people.WrongTeamError, match="works for sales"):
            await add(connection, teams=["field"])
        with pytest.raises(people.WrongTeamError, match="no team 'nowhere'"):
            await add(connection, teams=["nowhere"])
        with pytest.raises(people.TeamTakenError):
            await people.add_team(connection, field, at=NOW)
        assert await people.people_after(connection, after="", limit=10) == []

    on(database, body)


def test_an_address_leads_to_one_person_only(database: str) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        with pytest.raises(people.AddressTakenError):
            await add(connection, BOB)
        await add(connection, BOB, b"bob")

        with pytest.raises(people.AddressTakenError):
            await people.change_person(connection, BOB, change(is_active=True), b"ada")

    on(database, body)


def test_who_is_not_active_any_more_is_signed_out_and_cannot_sign_in(database: str) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        await credentials.set_password(connection, ADA, "hash")
        await credentials.put_invitation(connection, ADA, b"i", expires_at=NOW + MINUTE)
        await sessions.start_session(connection, b"s", ADA, at=NOW)
        before = await credentials.credentials_by_address(connection, b"ada")
        assert before is not None

        await people.change_person(connection, ADA, change(is_active=False), None)

        assert await sessions.signed_in_person(connection, b"s", at=NOW) is None
        assert await credentials.credentials_by_address(connection, b"ada") is None
        assert await credentials.take_invitation(connection, b"i", at=NOW) is None
        row = await (await connection.execute("SELECT count(*) FROM sessions")).fetchone()
        assert row == (0,)

    on(database, body)


def test_a_session_ends_when_unused_for_long_and_at_its_last_day_however_used(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        await sessions.start_session(connection, b"idle", ADA, at=NOW)
        ends_at = await sessions.start_session(connection, b"busy", ADA, at=NOW)
        at = NOW
        while at < ends_at:
            found = await sessions.signed_in_person(connection, b"busy", at=at)
            assert found is not None
            at += sessions.IDLE - MINUTE

        assert await sessions.signed_in_person(connection, b"busy", at=ends_at) is None
        idle_end = NOW + sessions.IDLE
        assert await sessions.signed_in_person(connection, b"idle", at=idle_end) is None

    on(database, body)


def test_all_sessions_of_a_person_end_but_the_one_to_keep_and_those_of_others(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        await add(connection, BOB, b"bob")
        for secret, who in ((b"a1", ADA), (b"a2", ADA), (b"b1", BOB)):
            await sessions.start_session(connection, secret, who, at=NOW)

        await sessions.end_sessions_of_person(connection, ADA, keep=b"a1")

        found = [
            await sessions.signed_in_person(connection, secret, at=NOW)
            for secret in (b"a1", b"a2", b"b1")
        ]
        assert [one and one.person for one in found] == [ADA, None, BOB]

    on(database, body)


def test_an_invitation_is_used_once_in_time_and_replaced_by_the_next(database: str) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        await credentials.put_invitation(connection, ADA, b"old", expires_at=NOW + MINUTE)
        await credentials.put_invitation(connection, ADA, b"new", expires_at=NOW + MINUTE)

        taken = [
            await credentials.take_invitation(connection, b"old", at=NOW),
            await credentials.take_invitation(connection, b"new", at=NOW + MINUTE),
            await credentials.take_invitation(connection, b"new", at=NOW),
            await credentials.take_invitation(connection, b"new", at=NOW),
        ]

        assert taken == [None, None, ADA, None]

    on(database, body)


def test_an_account_elsewhere_belongs_to_one_person_and_replaces_the_password(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await add(connection)
        await add(connection, BOB, b"bob")
        await credentials.set_password(connection, ADA, "hash")
        await credentials.link_subject(connection, ADA, "https://id.example", "ada-1")

        with pytest.raises(credentials.SubjectTakenError):
            await credentials.link_subject(connection, BOB, "https://id.example", "ada-1")

        found = await credentials.person_of_subject(connection, "https://id.example", "ada-1")
        other = await credentials.person_of_subject(connection, "https://evil.example", "ada-1")
        assert (found, other) == (ADA, None)
        assert await credentials.password_of_person(connection, ADA) is None
        assert (await people.person(connection, ADA)).signs_in_with == "openid"

    on(database, body)


def test_a_sign_in_comes_back_once_in_time_and_in_its_own_browser(database: str) -> None:
    flow = sessions.Flow(nonce="n", verifier="v", return_to="/", invitation=None)

    async def body(connection: Connection) -> None:
        await sessions.begin_flow(
            connection, flow, state_hash=b"s", browser_hash=b"b", at=NOW, expires_at=NOW + MINUTE
        )

        async def take(browser: bytes, at: datetime) -> sessions.Flow | None:
            return await sessions.take_flow(
                connection, state_hash=b"s", browser_hash=browser, at=at
            )

        assert await take(b"another", NOW) is None
        assert await take(b"b", NOW + MINUTE) is None
        assert await take(b"b", NOW) == flow
        assert await take(b"b", NOW) is None

    on(database, body)


def test_failures_beyond_the_free_ones_block_for_twice_as_long_each(database: str) -> None:
    account = Subject(b"account", free=3)

    async def body(connection: Connection) -> None:
        waits = [await count_attempt(connection, account, at=NOW) for _ in range(4)]
        assert waits == [None, None, None, timedelta(seconds=1)]

        at = NOW + timedelta(seconds=1)
        assert await count_attempt(connection, account, at=at) is None
        assert await count_attempt(connection, account, at=at) == timedelta(seconds=2)
        assert await count_attempt(connection, Subject(b"another", free=3), at=at) is None

        await forgive(connection, account)
        assert await count_attempt(connection, account, at=at) is None

    on(database, body)


def test_an_attempt_that_was_no_failure_is_taken_back(database: str) -> None:
    address = Subject(b"address", free=2)

    async def body(connection: Connection) -> None:
        for _ in range(10):
            assert await count_attempt(connection, address, at=NOW) is None
            await uncount_attempt(connection, address, at=NOW)

    on(database, body)


def test_a_success_does_not_lift_the_block_that_failures_earned(database: str) -> None:
    address = Subject(b"address", free=2)

    async def body(connection: Connection) -> None:
        for _ in range(2):
            assert await count_attempt(connection, address, at=NOW) is None
        later = NOW + timedelta(seconds=1)
        success = await count_attempt(connection, address, at=later)

        await uncount_attempt(connection, address, at=later)

        assert success is None
        assert await count_attempt(connection, address, at=later) == timedelta(seconds=2)

    on(database, body)


def test_failures_are_forgotten_after_a_day(database: str) -> None:
    account = Subject(b"account", free=2)

    async def body(connection: Connection) -> None:
        for _ in range(2):
            await count_attempt(connection, account, at=NOW)
        later = NOW + timedelta(days=1, minutes=1)

        assert await count_attempt(connection, account, at=later) is None
        assert await count_attempt(connection, account, at=later) is None

    on(database, body)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 1), (1, 2), (9, 512), (10, 900), (10_000, 900)]
)
def test_a_block_doubles_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert block_after(failures) == timedelta(seconds=seconds)


def test_a_token_is_in_force_until_it_ends_or_is_revoked_and_its_use_is_noted(
    database: str,
) -> None:
    wanted = TokenDraft(name="Web shop", scopes=(Scope.RESULTS_READ, Scope.EVENTS_WRITE), days=1)
    ends_at = NOW + timedelta(days=1)

    async def body(connection: Connection) -> None:
        made = await tokens.add_token(connection, TOKEN, b"x", wanted, at=NOW, by=ADA)
        assert (made.last_used_at, made.created_by, made.expires_at) == (None, ADA, ends_at)

        found = await tokens.token_in_force(connection, b"x", at=NOW)
        assert found == tokens.TokenInForce(TOKEN, "Web shop", frozenset(wanted.scopes), ends_at)
        assert await tokens.token_in_force(connection, b"y", at=NOW) is None
        assert await tokens.token_in_force(connection, b"x", at=ends_at) is None

        await tokens.token_in_force(connection, b"x", at=NOW + MINUTE / 2)
        revoked = await tokens.revoke_token(connection, TOKEN, at=NOW + MINUTE)
        again = await tokens.revoke_token(connection, TOKEN, at=NOW + 2 * MINUTE)
        assert revoked.last_used_at == NOW
        assert again.revoked_at == revoked.revoked_at == NOW + MINUTE
        assert await tokens.token_in_force(connection, b"x", at=NOW) is None
        with pytest.raises(tokens.UnknownTokenError):
            await tokens.revoke_token(connection, "t-nothing", at=NOW)

    on(database, body)
