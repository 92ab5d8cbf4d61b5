"""What can be worked out about hidden numbers from all that is published: a linear programme.

The attacker knows every published number, that accounts and sums are not negative, and how numbers
add up. Its two-way tables and its slices of time are networks, whose programmes have whole numbers
at their corners: the limits over fractions are those over whole accounts.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_array, hstack, vstack

Terms = Mapping[int, float]
"""Coefficients by the number of the unknown."""

AT_ONCE = 32
"""Questions answered by one programme: a call costs more than its arithmetic."""
_ENOUGH = 1 - 1e-6


class Fact(msgspec.Struct, frozen=True):
    """The terms add up to the amount, or to no more than it."""

    terms: Terms
    amount: float


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known about hidden numbers, each at least as large as its lower limit."""

    lower: Sequence[float]
    equal: Sequence[Fact] = ()
    at_most: Sequence[Fact] = ()


class Question(msgspec.Struct, frozen=True):
    """A sum of hidden numbers, and how far it has to be able to vary."""

    terms: Terms
    needed: float
    """Above 0."""


class AuditError(RuntimeError):
    """The programme has no solution although the truth is one: nothing may be published."""


def widths(knowledge: Knowledge, questions: Sequence[Question]) -> list[float]:
    """Return how far each sum can vary, but no more than is needed of it."""
    parts = [questions[at : at + AT_ONCE] for at in range(0, len(questions), AT_ONCE)]
    return [width for part in parts for width in _varied(knowledge, part, pairs=range(len(part)))]


def first_exposed(knowledge: Knowledge, questions: Sequence[Question]) -> int | None:
    """Return the number of the question whose answer is the closest; None where none is close."""
    found = widths(knowledge, questions)
    shares = [width / question.needed for width, question in zip(found, questions, strict=True)]
    closest = min(range(len(shares)), key=shares.__getitem__, default=None)
    return closest if closest is not None and shares[closest] < _ENOUGH else None


def all_open(knowledge: Knowledge, questions: Sequence[Question]) -> bool:
    """Tell whether every sum can vary as far as it needs to.

    One pair of solutions that differ in many sums at once answers most questions; those that are
    left are asked one by one.
    """
    left = list(questions)
    for bit in reversed(range(len(left).bit_length())):
        turned = [_turned(q) if at >> bit & 1 else q for at, q in enumerate(left)]
        found = _varied(knowledge, turned, pairs=[0] * len(turned)) if turned else []
        left = [q for q, width in zip(left, found, strict=True) if width < _ENOUGH * q.needed]
    return first_exposed(knowledge, left) is None


def _turned(question: Question) -> Question:
    return Question(
        {unknown: -factor for unknown, factor in question.terms.items()}, question.needed
    )


def _varied(
    knowledge: Knowledge, questions: Sequence[Question], *, pairs: Sequence[int]
) -> list[float]:
    """Let two solutions x and y of everything known differ as far as is needed, per question.

    Every question has a width t <= terms(x) - terms(y) with t <= needed, in its pair of solutions.
    """
    unknowns, asked = len(knowledge.lower), len(questions)
    copies = 2 * len(set(pairs))
    equal = _repeated(knowledge.equal, unknowns, copies, asked)
    at_most = _repeated(knowledge.at_most, unknowns, copies, asked)
    differences: Any = _matrix(
        list(_differences(questions, pairs, unknowns)), copies * unknowns + asked
    )
    found = linprog(
        np.concatenate([np.zeros(copies * unknowns), -np.ones(asked)]),
        A_eq=equal,
        b_eq=None if equal is None else np.tile(_amounts(knowledge.equal), copies),
        A_ub=differences if at_most is None else vstack([at_most, differences], format="csr"),
        b_ub=np.concatenate([np.tile(_amounts(knowledge.at_most), copies), np.zeros(asked)]),
        bounds=_bounds(knowledge, questions, copies),
        method="highs",
    )
    if found.status != 0:
        raise AuditError(f"the audit ended with: {found.message}")
    solution: Any = found.x
    return [float(width) for width in solution[copies * unknowns :]]


def _bounds(
    knowledge: Knowledge, questions: Sequence[Question], copies: int
) -> list[tuple[float | None, float | None]]:
    return [
        *((limit, None) for limit in chain.from_iterable([knowledge.lower] * copies)),
        *((None, question.needed) for question in questions),
    ]


def _differences(
    questions: Sequence[Question], pairs: Sequence[int], unknowns: int
) -> Iterator[Terms]:
    """Yield t - terms(x) + terms(y) per question; its pair of copies begins at twice its number."""
    widths_from = 2 * len(set(pairs)) * unknowns
    for number, (question, pair) in enumerate(zip(questions, pairs, strict=True)):
        x, y = 2 * pair * unknowns, (2 * pair + 1) * unknowns
        yield {
            **{x + unknown: -factor for unknown, factor in question.terms.items()},
            **{y + unknown: factor for unknown, factor in question.terms.items()},
            widths_from + number: 1.0,
        }


def _repeated(facts: Sequence[Fact], unknowns: int, copies: int, asked: int) -> Any:
    """Return the facts once for every copy of the unknowns; they say nothing of the widths."""
    if not facts:
        return None
    matrix = _matrix([fact.terms for fact in facts], unknowns)
    repeated = block_diag([matrix] * copies, format="csr")
    return hstack([repeated, csr_array((repeated.shape[0], asked))], format="csr")


def _matrix(rows: Sequence[Terms], unknowns: int) -> csr_array:
    entries = list(_entries(rows))
    places = ([row for row, _, _ in entries], [unknown for _, unknown, _ in entries])
    return csr_array(([factor for _, _, factor in entries], places), shape=(len(rows), unknowns))


def _entries(rows: Sequence[Terms]) -> Iterator[tuple[int, int, float]]:
    for row, terms in enumerate(rows):
        for unknown, factor in terms.items():
            yield row, unknown, factor


def _amounts(facts: Sequence[Fact]) -> Any:
    return np.array([fact.amount for fact in facts], dtype=np.float64)
