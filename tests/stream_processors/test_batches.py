"""Batches: bounded runs of records that meet at their offsets."""

from dataclasses import dataclass

from stream_processors.batches import Record, batches_of


@dataclass
class Consumed:
    offset: int
    value: bytes | None = b"v"
    key: bytes | None = None
    timestamp: int = 7
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def serialized_key_size(self) -> int:
        return -1 if self.key is None else len(self.key)

    @property
    def serialized_value_size(self) -> int:
        return -1 if self.value is None else len(self.value)


def test_records_keep_their_place_time_key_and_value():
    consumed = [Consumed(5, b"five", b"k", timestamp=1_700_000_000_123), Consumed(6, None)]

    (batch,) = batches_of("events", 3, 5, consumed, max_bytes=1000)

    assert (batch.topic, batch.partition, batch.first_offset, batch.next_offset) == (
        "events",
        3,
        5,
        7,
    )
    assert batch.records == (
        Record(5, 1_700_000_000_123, b"k", b"five"),
        Record(6, 7, None, None),
    )


def test_a_batch_begins_where_the_reader_stood_even_if_the_log_has_a_hole_there():
    (batch,) = batches_of("events", 0, 10, [Consumed(14), Consumed(17)], max_bytes=1000)

    assert (batch.first_offset, batch.next_offset) == (10, 18)


def test_batches_cut_by_size_meet_and_lose_nothing():
    consumed = [Consumed(offset, b"x" * 40) for offset in range(20, 27)]

    batches = list(batches_of("events", 0, 20, consumed, max_bytes=100))

    assert [(b.first_offset, b.next_offset) for b in batches] == [
        (20, 22),
        (22, 24),
        (24, 26),
        (26, 27),
    ]
    assert [r.offset for b in batches for r in b.records] == list(range(20, 27))


def test_a_record_above_the_bound_passes_as_a_batch_of_its_own():
    consumed = [Consumed(0, b"x"), Consumed(1, b"x" * 500), Consumed(2, b"x")]

    batches = list(batches_of("events", 0, 0, consumed, max_bytes=100))

    assert [len(b.records) for b in batches] == [1, 1, 1]


def test_a_batch_names_some_of_the_traces_it_came_in_with_each_once():
    traced = [
        Consumed(n, headers=(("other", b"x"), ("traceparent", b"t%d" % (n % 4)))) for n in range(8)
    ]

    (asked,) = batches_of("events", 0, 0, [*traced, Consumed(8)], 10_000, most_traces=3)
    (not_asked,) = batches_of("events", 0, 0, traced, 10_000)

    assert (asked.traces, not_asked.traces) == ((b"t0", b"t1", b"t2"), ())
