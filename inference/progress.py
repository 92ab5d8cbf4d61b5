"""When will the planned units be mature, if units keep coming as they did so far?"""

from __future__ import annotations

from datetime import datetime, timedelta

from inference.arguments import whole

_FAR_AWAY = timedelta(days=3650)


def expected_at(
    planned_units: int,
    exposed_units: int,
    *,
    exposed_since: datetime | None,
    window: timedelta,
    now: datetime,
) -> datetime | None:
    """The expected time, never before `now`; none without exposures or beyond ten years.

    Once all planned units are exposed only the window of the last one is waited for, at most.
    """
    whole("planned_units", planned_units, at_least=0)
    whole("exposed_units", exposed_units, at_least=0)
    if exposed_since is None or exposed_units < 1 or now <= exposed_since:
        return None
    missing = max(0, planned_units - exposed_units)
    # Python's integers divide exactly; a float of days could leave the range of timedelta.
    wait = (now - exposed_since) // timedelta(microseconds=1) * missing // exposed_units
    if wait > _FAR_AWAY // timedelta(microseconds=1):
        return None
    return now + timedelta(microseconds=wait) + window
