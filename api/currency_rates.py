"""The dated rate table: amounts become amounts of the reporting currency by it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.services import ServicesHere
from attribution.money import Rate
from schemas.currencies import MINOR_DIGITS
from schemas.resources import Resource
from storage.pool import Connection
from storage.rates import add_rate, load_rates
from storage.registry import rebuild_all

router = APIRouter(prefix="/v1/currency-rates", tags=["currency rates"])


class CurrencyRate(Resource):
    """From `valid_from` on (UTC), one unit of `currency` is worth `rate` reporting units."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    valid_from: date
    rate: Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=12)]


class CurrencyRates(Resource):
    """Rates by currency and day."""

    rates: Annotated[tuple[CurrencyRate, ...], Field(max_length=1_000)]


class RateTable(Resource):
    """Every rate, and the currency that they lead to."""

    reporting_currency: str
    rates: tuple[CurrencyRate, ...]


class AddedRates(Resource):
    """How many rates are new, and how many experiments are built anew because of them."""

    added: int
    rebuilding: int


@router.get("")
async def list_rates(services: ServicesHere) -> RateTable:
    """Return the whole table."""
    async with services.database.connection() as connection:
        rates = await load_rates(connection)
    return RateTable(
        reporting_currency=services.settings.reporting_currency,
        rates=tuple(
            CurrencyRate(currency=rate.currency, valid_from=rate.valid_from, rate=rate.rate)
            for rate in rates
        ),
    )


@router.post("")
async def add_rates(sent: CurrencyRates, services: ServicesHere) -> AddedRates:
    """Add rates; none is ever changed. Started experiments are built anew with the table."""
    reporting = services.settings.reporting_currency
    _refuse_currencies(sent, reporting)
    async with services.database.connection() as connection:
        known = {(r.currency, r.valid_from): r.rate for r in await load_rates(connection)}
        added = [await _add(connection, rate, known) for rate in sent.rates].count(True)
        rebuilding = 0
        if added:
            rebuilding = await rebuild_all(
                connection, at=datetime.now(UTC), reporting_currency=reporting
            )
    return AddedRates(added=added, rebuilding=rebuilding)


def _refuse_currencies(sent: CurrencyRates, reporting: str) -> None:
    for place, rate in enumerate(sent.rates):
        field = f"rates.{place}.currency"
        if rate.currency not in MINOR_DIGITS:
            raise InvalidInputError(InputError(field, "unknown_currency", "no ISO 4217 code"))
        if rate.currency == reporting:
            raise InvalidInputError(InputError(field, "reporting_currency", "it needs no rate"))


async def _add(
    connection: Connection, rate: CurrencyRate, known: dict[tuple[str, date], Decimal]
) -> bool:
    if await add_rate(connection, Rate(rate.currency, rate.valid_from, rate.rate)):
        return True
    if known.get((rate.currency, rate.valid_from), rate.rate) != rate.rate:
        raise ProblemError(
            problems.CONFLICT,
            f"{rate.currency} has another rate from {rate.valid_from} on; rates are never changed",
        )
    return False
