"""A taken port is noticed and another one chosen."""

import socket
from collections.abc import Iterator

import pytest

from cli.ports import HIGHEST, answers, choose_port, choose_run, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_usual_port_is_chosen_when_it_is_free(taken_port: int) -> None:
    free = choose_port(0)

    assert free != taken_port
    assert choose_port(free) == free


def test_another_port_is_chosen_when_the_usual_one_is_taken(taken_port: int) -> None:
    chosen = choose_port(taken_port)

    assert chosen != taken_port
    assert is_free(chosen)


def test_a_port_that_is_promised_already_is_not_chosen() -> None:
    free = choose_port(0)

    assert choose_port(free, taken=frozenset({free})) != free


def test_ports_in_a_row_are_all_free_and_not_promised(taken_port: int) -> None:
    first = choose_run(taken_port - 1, 3, taken=frozenset({HIGHEST}))

    assert taken_port not in range(first, first + 3)
    assert all(is_free(first + place) for place in range(3))
    assert choose_run(HIGHEST, 2) < HIGHEST


def test_a_port_is_known_to_answer_or_not(taken_port: int) -> None:
    assert answers(taken_port)
    assert not answers(choose_port(0))
