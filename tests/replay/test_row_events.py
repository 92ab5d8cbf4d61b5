"""What a row becomes: every field exactly as its mapping says, or a reason for no event at all."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.replaying.feed import Choice
from cli.replaying.mapping import Mapping
from tests.replay.small_mappings import csv_file, events, mapping, raw_events, reason, table


def test_a_row_becomes_an_event_with_the_attributes_of_its_mapping(tmp_path: Path) -> None:
    rules = mapping(
        account="acme-{who}",
        campaign="spring",
        content={"column": "page"},
        channel={"column": "via", "optional": True},
        data={"group": {"column": "page", "map": {"a": "left"}}, "version": 2, "live": True},
    )
    path = csv_file(tmp_path, "who,at,page,via\nc1,2024-02-29T10:00:00.000001+02:00,a,\n")

    (event,) = events(path, rules)

    assert (event.source, event.id, event.type) == ("urn:test", "view-1", "engagement.page.viewed")
    assert (event.account, event.contact, event.campaign) == ("acme-c1", "c1", "spring")
    assert (event.content, event.channel) == ("a", None)
    assert event.time_us == _us(2024, 2, 29, 8, 0, 0, 1)
    assert event.data == {"group": "left", "version": 2, "live": True}


def test_ids_are_the_same_in_every_run(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "who,at\nc1,2024-01-01T00:00:00Z\nc1,2024-01-01T00:00:00Z\n")

    first, _ = raw_events(path, mapping())
    second, _ = raw_events(path, mapping())

    assert first == second
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    ("cell", "time", "expected"),
    [
        ("2024-01-15 10:00:00", {"timezone": "UTC"}, (2024, 1, 15, 10)),
        ("2024-01-15 10:00:00", {"timezone": "Europe/Berlin"}, (2024, 1, 15, 9)),
        ("2024-07-15 10:00:00", {"timezone": "Europe/Berlin"}, (2024, 7, 15, 8)),
        # The hour that the clocks pass twice is read as its first time, in summer time.
        ("2024-10-27 02:30:00", {"timezone": "Europe/Berlin"}, (2024, 10, 27, 0, 30)),
        ("15.01.2024 10:00", {"format": "%d.%m.%Y %H:%M", "timezone": "UTC"}, (2024, 1, 15, 10)),
        ("2024-01-15 10:00+0200", {"format": "%Y-%m-%d %H:%M%z"}, (2024, 1, 15, 8)),
        ("1705312800", {"format": "unix_s"}, (2024, 1, 15, 10)),
        ("1705312800000", {"format": "unix_ms"}, (2024, 1, 15, 10)),
    ],
)
def test_a_time_is_read_in_its_format_and_zone(
    cell: str, time: dict[str, Any], expected: tuple[int, ...], tmp_path: Path
) -> None:
    path = csv_file(tmp_path, f"who,at\nc1,{cell}\n")

    (event,) = events(path, mapping(time={"column": "at", **time}))

    assert event.time_us == _us(*expected)
    assert "time_synthesized" not in event.data


def test_a_time_made_up_from_the_row_is_marked(tmp_path: Path) -> None:
    start = datetime(2008, 3, 20, tzinfo=UTC)
    path = csv_file(tmp_path, "who\nc1\nc2\n")

    first, second = events(path, mapping(time={"start": start, "step": "90s"}))

    assert first.time_us == _us(2008, 3, 20)
    assert second.time_us == _us(2008, 3, 20, 0, 1, 30)
    assert first.data == {"time_synthesized": True}


def test_a_time_made_up_from_another_event_is_marked_and_may_lie_before_it(tmp_path: Path) -> None:
    rules = _with_second(time={"after": "view", "by": "-30d"})
    path = csv_file(tmp_path, "who,at\nc1,2024-03-31T00:00:00Z\n")

    view, before = events(path, rules)

    assert view.time_us - before.time_us == 30 * 86_400_000_000
    assert before.data == {"time_synthesized": True}


def test_an_offset_counts_from_an_event_that_is_not_sent_itself(tmp_path: Path) -> None:
    rules = _with_second(
        first_when=[{"column": "who", "value": "somebody else"}], time={"after": "view", "by": "1h"}
    )
    path = csv_file(tmp_path, "who,at\nc1,2024-01-01T00:00:00Z\n")

    (event,) = events(path, rules)

    assert event.time_us == _us(2024, 1, 1, 1)


@pytest.mark.parametrize(
    ("cell", "money", "minor"),
    [
        ("29.99", {"currency": "USD"}, 2999),
        ("30", {"currency": "USD"}, 3000),
        ("29.9", {"currency": "USD"}, 2990),
        ("1e2", {"currency": "USD"}, 10000),
        ("29.990", {"currency": "USD"}, 2999),
        ("29,99", {"currency": "EUR", "decimal_mark": ","}, 2999),
        ("499", {"currency": "JPY"}, 499),
        ("2999", {"currency": "USD", "unit": "minor"}, 2999),
    ],
)
def test_an_amount_is_exact(cell: str, money: dict[str, Any], minor: int, tmp_path: Path) -> None:
    path = csv_file(tmp_path, f'who,at,spend\nc1,2024-01-01T00:00:00Z,"{cell}"\n')

    (event,) = events(path, _deal(money))

    assert (event.amount, event.currency) == (minor, money["currency"])


def test_a_currency_can_come_from_a_column(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "who,at,spend,money\nc1,2024-01-01T00:00:00Z,1.500,KWD\n")

    (event,) = events(path, _deal({"currency_column": "money"}))

    assert (event.amount, event.currency) == (1500, "KWD")


REFUSED_ROWS = [
    ("c1,,1", {}, "event 'view', time: no time of the format 'iso'"),
    ("c1,2024-13-01,1", {}, "event 'view', time: no time of the format 'iso'"),
    (
        "c1,2024-01-01 10:00,1",
        {},
        "event 'view', time: no offset, and the mapping names no timezone",
    ),
    (
        "c1,2024-03-31 02:30:00,1",
        {"time": {"column": "at", "timezone": "Europe/Berlin"}},
        "event 'view', time: the clocks skipped this time",
    ),
    (",2024-01-01T00:00:00Z,1", {}, "event 'view', contact: empty"),
    (
        "c1,2024-01-01T00:00:00Z,x",
        {"data": {"n": {"column": "n", "map": {"1": "one"}}}},
        "event 'view', data.n: not in the map",
    ),
    (
        "c1,2024-01-01T00:00:00Z,1.5",
        {"data": {"n": {"column": "n", "type": "integer"}}},
        "event 'view', data.n: no whole number",
    ),
    (
        "c1,2024-01-01T00:00:00Z,NaN",
        {"data": {"n": {"column": "n", "type": "decimal"}}},
        "event 'view', data.n: no number",
    ),
    (
        "c1,2024-01-01T00:00:00Z,maybe",
        {"data": {"n": {"column": "n", "type": "boolean"}}},
        "event 'view', data.n: neither true nor false",
    ),
    (
        "c1,2024-01-01T00:00:00Z,x",
        {"when": [{"column": "n", "op": "gt", "value": 0}]},
        "n: no number",
    ),
    ("c1,2999-01-01T00:00:00Z,1", {}, "event 'view', time: in_the_future"),
    ("c1,2024-01-01T00:00:00Z,1", {"type": "lead.unheard_of"}, "event 'view', type: unknown_type"),
]


@pytest.mark.parametrize(("row", "event", "expected"), REFUSED_ROWS, ids=str)
def test_a_row_that_gives_no_valid_event_is_refused_with_its_reason(
    row: str, event: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, f"who,at,n\n{row}\n")

    assert reason(path, mapping(**event)) == expected


@pytest.mark.parametrize(
    ("cell", "money", "expected"),
    [
        ("29.999", {"currency": "USD"}, "more decimals than USD has"),
        ("1.5", {"currency": "JPY"}, "more decimals than JPY has"),
        ("1.500", {"currency": "EUR", "decimal_mark": ","}, "not written with a decimal comma"),
        ("1e40", {"currency": "EUR"}, "too large"),
        ("1.5", {"currency": "EUR", "unit": "minor"}, "minor units are whole"),
        ("1.5", {"currency": "XYZ"}, "unknown currency"),
        ("", {"currency": "EUR"}, "no number"),
    ],
)
def test_an_amount_is_never_rounded_or_guessed(
    cell: str, money: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, f'who,at,spend\nc1,2024-01-01T00:00:00Z,"{cell}"\n')

    assert reason(path, _deal(money)) == f"event 'view', amount: {expected}"


def test_a_row_is_refused_as_a_whole(tmp_path: Path) -> None:
    rules = _with_second(time={"column": "later"})
    path = csv_file(tmp_path, "who,at,later\nc1,2024-01-01T00:00:00Z,never\n")

    assert reason(path, rules) == "event 'second', time: no time of the format 'iso'"


def test_a_rule_of_the_mapping_refuses_with_its_own_words(tmp_path: Path) -> None:
    wrong_page = {"reason": "page does not fit", "when": [{"column": "page", "value": "b"}]}
    rules = Mapping.model_validate({**table(), "refuse": [wrong_page]})
    path = csv_file(tmp_path, "who,at,page\nc1,2024-01-01T00:00:00Z,b\n")

    assert reason(path, rules) == "page does not fit"


def test_a_cell_that_is_no_utf_8_refuses_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"who,at\nc\xff,2024-01-01T00:00:00Z\nc2,2024-01-01T00:00:00Z\n")

    sent, refused = raw_events(path, mapping())

    assert [row.reason for row in refused] == ["event 'view': no valid text in a cell"]
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ({"op": "eq", "value": 2}, ["2"]),
        ({"op": "ne", "value": "2"}, ["1", "10"]),
        ({"op": "in", "value": [1, "10"]}, ["1", "10"]),
        ({"op": "gt", "value": 2}, ["10"]),
        ({"op": "gte", "value": 2}, ["2", "10"]),
        ({"op": "lt", "value": 2}, ["1"]),
        ({"op": "lte", "value": 2}, ["1", "2"]),
        ({"op": "empty", "value": False}, ["1", "2", "10"]),
        ({"op": "empty", "value": True}, []),
    ],
    ids=str,
)
def test_a_condition_chooses_rows(
    condition: dict[str, Any], numbers: list[str], tmp_path: Path
) -> None:
    rows = "".join(f"{n},2024-01-01T00:00:00Z\n" for n in ("1", "2", "10"))
    path = csv_file(tmp_path, f"who,at\n{rows}")

    chosen = events(path, mapping(when=[{"column": "who", **condition}]))

    assert [event.contact for event in chosen] == numbers


def test_an_order_holds_every_event_and_depends_on_its_seed_alone(tmp_path: Path) -> None:
    rows = "".join(f"c{n},2024-01-01T00:00:00Z\n" for n in range(50))
    path = csv_file(tmp_path, f"who,at\n{rows}")

    plain, _ = raw_events(path, mapping())
    shuffled, _ = raw_events(path, mapping(), Choice(shuffle=7))
    again, _ = raw_events(path, mapping(), Choice(shuffle=7))

    assert shuffled == again
    assert shuffled != plain
    assert sorted(shuffled) == sorted(plain)


def test_every_event_can_be_sent_twice(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "who,at\nc1,2024-01-01T00:00:00Z\nc2,2024-01-01T00:00:00Z\n")

    doubled, _ = raw_events(path, mapping(), Choice(repeat=2))
    plain, _ = raw_events(path, mapping())

    assert doubled == [plain[0], plain[0], plain[1], plain[1]]


def test_a_limit_counts_rows(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "who,at\nc1,wrong\nc2,2024-01-01T00:00:00Z\nc3,wrong\n")

    sent, refused = raw_events(path, mapping(), Choice(limit=2))

    assert (len(sent), len(refused)) == (1, 1)


def _deal(money: dict[str, Any]) -> Mapping:
    return mapping(type="deal.won", deal="deal-{row}", amount={"column": "spend", **money})


def _with_second(*, first_when: Any = (), **second: Any) -> Mapping:
    whole = table(when=first_when)
    base = {key: value for key, value in table()["event"][0].items() if key != "when"}
    whole["event"].append({**base, "name": "second", "id": "second-{row}", **second})
    return Mapping.model_validate(whole)


def _us(*parts: int) -> int:
    moment = datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
