"""The registered event types that a process has met, so that judging an event asks no database.

Types are only ever widened and never removed. So what is taken by what is known would be taken by
what is registered, and only a refusal has to be looked up before it is final. The one thing a new
version may add is a rule for a field that had none; it holds everywhere within `REFRESH_SECONDS`.
"""

from collections.abc import Collection

from schemas.event_type_drafts import may_be_registered
from schemas.own_types import NO_OWN_TYPES, OwnTypes
from storage.event_types import event_types_newer_than
from storage.pool import Connection

REFRESH_SECONDS = 5.0


class KnownTypes:
    """What was learned so far; it grows with the types that are registered, not those asked for."""

    def __init__(self) -> None:
        """Begin with no type."""
        self.own_types: OwnTypes = NO_OWN_TYPES
        self._versions: dict[str, int] = {}
        self._learned_at = 0.0

    def lacks(self, names: Collection[str], now: float) -> bool:
        """Tell whether there is a reason to learn: a name to look for, or old knowledge."""
        is_old = bool(self._versions) and now - self._learned_at >= REFRESH_SECONDS
        return is_old or any(may_be_registered(name) for name in names)

    async def learn(self, connection: Connection, names: Collection[str], now: float) -> bool:
        """Look for these types and for newer versions of all; return whether there are any."""
        asked = dict.fromkeys(filter(may_be_registered, names), 0) | self._versions
        found = await event_types_newer_than(connection, asked)
        # Another look-up may have ended meanwhile, and have found more.
        newer = [one for one in found if one.version > self._versions.get(one.type, 0)]
        self._learned_at = now
        self._versions |= {one.type: one.version for one in newer}
        self.own_types = self.own_types.updated(newer)
        return bool(found)
