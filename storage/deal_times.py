"""How long deals took to close, unit by unit, read so that memory stays bounded."""

from attribution.deal_times import deal_time_of
from inference.deal_times import DealTime
from storage.definition_homes import entries_of_definition, has_more_homes
from storage.definitions import DefinitionBody
from storage.pool import Connection


async def deal_times(
    connection: Connection,
    definition_id: int,
    body: DefinitionBody,
    metric: int,
    *,
    now_us: int,
    most: int,
) -> dict[int, list[DealTime]] | None:
    """Return, by variant, the deal time of every unit that is not mixed, by home and unit.

    Every variant is there, also one without units. None where more than `most` homes have any.
    """
    if await has_more_homes(connection, definition_id, than=most):
        return None
    definition = body.compile(definition_id)
    rule = definition.metrics[metric]
    times: dict[int, list[DealTime]] = {number: [] for number in range(len(definition.variants))}
    async for _, entry in entries_of_definition(connection, definition_id):
        for _, unit in sorted(entry.units.items()):
            if not unit.is_mixed:
                found = deal_time_of(rule, unit.sums[metric], unit.first[0], now_us)
                times[unit.variant].append(found)
    return times
