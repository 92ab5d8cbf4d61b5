"""The phase that visibility knows, from where an experiment stands in its lifecycle."""

from schemas.policies import Phase

_PHASES = {
    "draft": Phase.RUNNING,
    "registered": Phase.RUNNING,
    "running": Phase.RUNNING,
    "closed": Phase.RUNNING,
    "in_review": Phase.IN_REVIEW,
    "decided": Phase.DECIDED,
}
LIFECYCLE = (*_PHASES, "stopped")


def phase_of(stands: str, *, furthest: Phase = Phase.RUNNING) -> Phase:
    """Return the phase of an experiment that stands at `stands`, one of `LIFECYCLE`.

    `furthest` is the furthest phase it has been in: a phase never falls. To stop is not to decide:
    a stopped experiment stays in the phase it was stopped in, or stopping would publish a reading
    that nobody has interpreted.
    """
    if stands not in LIFECYCLE:
        raise ValueError(f"stands: {stands!r} is none of {', '.join(LIFECYCLE)}")
    return max(furthest, _PHASES.get(stands, Phase.RUNNING), key=_ORDER.index)


_ORDER = tuple(Phase)
