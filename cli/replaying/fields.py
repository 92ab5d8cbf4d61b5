"""Compiles what fills a field of an event: a template, a typed or mapped column, or a constant."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from cli.replaying.conditions import number_in
from cli.replaying.mapping_parts import FromColumn, Money, Value
from cli.replaying.rows import Row, RowRefusedError
from cli.replaying.templates import Template
from schemas.currencies import MINOR_DIGITS

FieldValue = str | int | bool
Fill = Callable[[Row], FieldValue | None]

_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def constant_of(value: Value) -> FieldValue | None:
    """Return the value where it is the same for every row, else None."""
    if isinstance(value, Template):
        return value.constant
    return None if isinstance(value, FromColumn) else value


def compile_field(value: Value, place: str) -> Fill:
    """Return the function that gives a row's value, None where it is left out."""
    if isinstance(value, Template):
        return _required(value.compile(), place)
    if isinstance(value, FromColumn):
        return _from_column(value, place)
    return lambda _row: value


def compile_money(money: Money, place: str) -> Callable[[Row], tuple[str | int, str]]:
    """Return the function that gives a row's amount and currency, as the contract writes them."""
    column, mark, currency_of = money.column, money.decimal_mark, _currency(money)
    write = _minor_units if money.unit == "minor" else _decimal

    def amount_of(row: Row) -> tuple[str | int, str]:
        currency = currency_of(row)
        return write(_number(row.cells[column], mark, place), currency, place), currency

    return amount_of


def _number(cell: str, mark: str, place: str) -> Decimal:
    if mark == ".":
        return number_in(cell, place)
    # "1.500" is fifteen hundred to whoever writes a decimal comma: better refused than guessed.
    if "." in cell:
        raise RowRefusedError(f"{place}: not written with a decimal comma", repr(cell))
    return number_in(cell.replace(mark, "."), place)


def _currency(money: Money) -> Callable[[Row], str]:
    column = money.currency_column
    if column is not None:
        return lambda row: row.cells[column]
    fixed = money.currency or ""
    return lambda _row: fixed


def _decimal(number: Decimal, currency: str, place: str) -> str:
    """Return the number with the decimals of its currency; nothing is ever rounded."""
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise RowRefusedError(f"{place}: unknown currency", repr(currency))
    try:
        exact = number.quantize(Decimal(1).scaleb(-digits))
    except InvalidOperation:
        raise RowRefusedError(f"{place}: too large", str(number)) from None
    if exact != number:
        raise RowRefusedError(f"{place}: more decimals than {currency} has", str(number))
    return format(exact, "f")


def _minor_units(number: Decimal, _currency: str, place: str) -> int:
    if number != number.to_integral_value():
        raise RowRefusedError(f"{place}: minor units are whole", str(number))
    return int(number)


def _required(render: Callable[[Row], str], place: str) -> Fill:
    def filled(row: Row) -> str:
        text = render(row)
        if not text:
            raise RowRefusedError(f"{place}: empty")
        return text

    return filled


def _from_column(rule: FromColumn, place: str) -> Fill:
    column, convert, optional = rule.column, _conversion(rule, place), rule.optional

    def value_of(row: Row) -> FieldValue | None:
        cell = row.cells[column]
        if not cell and optional:
            return None
        return convert(cell)

    return value_of


def _conversion(rule: FromColumn, place: str) -> Callable[[str], FieldValue]:
    if rule.map:
        return _mapped(rule, place)
    match rule.type:
        case "integer":
            return lambda cell: _integer(cell, place)
        case "decimal":
            return lambda cell: format(number_in(cell, place), "f")
        case "boolean":
            return lambda cell: _boolean(cell, place)
        case "text":
            return str


def _mapped(rule: FromColumn, place: str) -> Callable[[str], FieldValue]:
    options, keeps = rule.map, rule.unmapped == "keep"

    def mapped(cell: str) -> str:
        value = options.get(cell)
        if value is None and not keeps:
            raise RowRefusedError(f"{place}: not in the map", repr(cell))
        return cell if value is None else value

    return mapped


def _integer(cell: str, place: str) -> int:
    number = number_in(cell, place)
    if number != number.to_integral_value():
        raise RowRefusedError(f"{place}: no whole number", repr(cell))
    return int(number)


def _boolean(cell: str, place: str) -> bool:
    value = _BOOLEANS.get(cell.lower())
    if value is None:
        raise RowRefusedError(f"{place}: neither true nor false", repr(cell))
    return value
