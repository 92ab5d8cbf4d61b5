"""The rule that turns a stored position into the offset a partition is read from."""

import pytest
from faust.types import TP

from stream_processors.positions import PositionLostError, start_offset

PARTITION = TP("events", 3)


@pytest.mark.parametrize(("stored", "expected"), [(None, 100), (100, 100), (150, 150), (200, 200)])
def test_a_position_inside_the_log_is_kept_and_none_means_the_beginning(stored, expected):
    assert start_offset(PARTITION, stored, log_start=100, log_end=200) == expected


def test_a_position_below_the_log_is_lost_data_and_says_how_much():
    with pytest.raises(PositionLostError) as caught:
        start_offset(PARTITION, 97, log_start=100, log_end=200)

    assert str(caught.value) == (
        "Topic events partition 3: the stored position 97 is outside the log, which holds offsets "
        "100 to 200. 3 offsets were deleted before they were processed."
    )


def test_a_position_above_the_log_is_refused_and_says_how_far_it_is():
    with pytest.raises(PositionLostError) as caught:
        start_offset(PARTITION, 201, log_start=100, log_end=200)

    assert (caught.value.partition, caught.value.position) == (PARTITION, 201)
    assert "1 processed offsets are no longer in the log." in str(caught.value)
