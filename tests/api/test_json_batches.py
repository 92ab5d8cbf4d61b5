"""A batch is split into its elements without reading them, and only a JSON array is a batch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.json_batches import NotSplittableError, check_json, split_array

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values=st.lists(JSON, max_size=6), indent=st.sampled_from([None, 2]))
def test_the_elements_are_those_that_were_joined_nan_included(
    values: list[object], indent: int | None
) -> None:
    body = json.dumps(values, indent=indent).encode()

    elements = split_array(body)

    assert [json.dumps(json.loads(element)) for element in elements] == [
        json.dumps(value) for value in values
    ]


def test_bytes_that_are_no_utf8_stay_as_they_are() -> None:
    assert split_array(b'["\xff", NaN]') == [b'"\xff"', b"NaN"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[", b"]", b"{}", b"1", b"[1", b"[1,", b"[1,]", b"[,]", b"[1 2]", b"[1]]"),
        *(b"[NaN", b"[NaN,]", b"[NaN]x", b"[NaN}", b"[nan]", b"[" * 100_000),
    ],
)
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(NotSplittableError):
        split_array(body)


@pytest.mark.parametrize("body", [b"{}", b'{"a": NaN}', b" [1] ", b'{"a": "\xff"}'])
def test_one_value_is_json_even_where_the_event_will_be_refused(body: bytes) -> None:
    check_json(body)


@pytest.mark.parametrize("body", [b"", b"{", b"{} {}", b'{"a": NaN}, {}', b'{"a" 1}'])
def test_what_is_not_one_value_is_refused(body: bytes) -> None:
    with pytest.raises(NotSplittableError):
        check_json(body)
