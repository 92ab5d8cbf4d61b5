"""Compiles conditions on the cells of a row."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from operator import ge, gt, le, lt

from cli.replaying.mapping_parts import Condition
from cli.replaying.rows import Row, RowRefusedError

Predicate = Callable[[Row], bool]

_ORDER = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def compile_conditions(conditions: Iterable[Condition]) -> Predicate:
    """Return a function that tells whether every condition holds for a row."""
    predicates = [_compile(condition) for condition in conditions]
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: all(holds(row) for holds in predicates)


def number_in(cell: str, place: str) -> Decimal:
    """Return the finite number that a cell holds; the row is refused, naming `place`, if none."""
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise RowRefusedError(f"{place}: no number", repr(cell)) from None
    if not number.is_finite():
        raise RowRefusedError(f"{place}: no number", repr(cell))
    return number


def _compile(condition: Condition) -> Predicate:
    column, value = condition.column, condition.value
    if condition.op in _ORDER:
        compare, bound = _ORDER[condition.op], Decimal(str(value))
        return lambda row: compare(number_in(row.cells[column], column), bound)
    if condition.op == "in":
        options = frozenset(str(item) for item in value) if isinstance(value, tuple) else ()
        return lambda row: row.cells[column] in options
    if condition.op == "empty":
        return lambda row: (not row.cells[column]) is value
    text = str(value)
    if condition.op == "ne":
        return lambda row: row.cells[column] != text
    return lambda row: row.cells[column] == text
