"""Compares what a home's state remembers of one definition with its evaluation. Pure."""

from attribution.definitions import Definition
from attribution.differences import Check, Difference, UnitPlace
from attribution.units import Entry, Stray, UnitState

_NOTHING = Entry()


def differences_of_entries(
    definition: Definition,
    home: str,
    stored: Entry | None,
    evaluated: Entry | None,
    *,
    may_lack_old: bool,
) -> list[Difference]:
    """Return every value that differs; an absent entry is one without units.

    `may_lack_old`: exposure events from before the period may be deleted, so that an evaluation
    finds fewer of them than were counted.
    """
    before, now = stored or _NOTHING, evaluated or _NOTHING
    if before == now:
        return []
    found = _of_strays(definition, home, before, now, may_lack_old=may_lack_old)
    for key in sorted(before.units.keys() | now.units.keys()):
        found += _of_unit(definition, home, key, before.units.get(key), now.units.get(key))
    return found


def _of_unit(
    definition: Definition, home: str, key: str, stored: UnitState | None, now: UnitState | None
) -> list[Difference]:
    place = UnitPlace(definition.id, definition.experiment, home, key or None)
    if stored is None or now is None:
        there = (None if stored is None else "present", None if now is None else "present")
        return [Difference(Check.STATES, place, "unit", *there)]
    before, after = _values(definition, stored), _values(definition, now)
    return [
        Difference(Check.STATES, place, name, before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    ]


def _values(definition: Definition, unit: UnitState) -> dict[str, str]:
    values: dict[str, object] = {
        "first": unit.first,
        "variant": unit.variant,
        "seen": unit.seen,
        "exposures": unit.exposures,
    }
    for number, sums in enumerate(unit.sums):
        metric = name_of_metric(definition, number)
        for name in sums.__struct_fields__:
            values[f"{metric}.{name}"] = getattr(sums, name)
    return {name: repr(value) for name, value in values.items()}


def _of_strays(
    definition: Definition, home: str, stored: Entry, now: Entry, *, may_lack_old: bool
) -> list[Difference]:
    place = UnitPlace(definition.id, definition.experiment, home)
    return [
        Difference(Check.STATES, place, f"strays.{stray.name.lower()}", str(was), str(computed))
        for stray, was, computed in zip(Stray, stored.strays, now.strays, strict=True)
        if not strays_agree(stray, was, computed, may_lack_old=may_lack_old)
    ]


def strays_agree(stray: Stray, stored: int, recomputed: int, *, may_lack_old: bool) -> bool:
    """Tell whether both counts can be right."""
    if may_lack_old and stray is Stray.OUTSIDE_PERIOD:
        return stored >= recomputed
    return stored == recomputed


def name_of_metric(definition: Definition, number: int) -> str:
    """Return the key of a metric; a number that the definition does not know stays one."""
    known = range(len(definition.metrics))
    return definition.metrics[number].key if number in known else str(number)


def name_of_variant(definition: Definition, number: int) -> str:
    """Return the key of a variant; a number that the definition does not know stays one."""
    known = range(len(definition.variants))
    return definition.variants[number] if number in known else str(number)
