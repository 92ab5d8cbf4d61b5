"""The embedded server takes its share of the machine, and no more."""

import pytest

from cli.postgres_memory import server_options

GIBIBYTE = 1024**3


@pytest.mark.parametrize(
    ("memory", "shared"),
    [(GIBIBYTE // 2, "128MB"), (8 * GIBIBYTE, "1024MB"), (256 * GIBIBYTE, "2048MB")],
)
def test_pages_get_an_eighth_within_bounds(memory: int, shared: str) -> None:
    assert f"shared_buffers={shared}" in server_options(memory)
