"""Which experiment is read again next: each soon after it changed, none too often. Pure."""


class ReadingSchedule:
    """Experiments that are due, by the time at which each may be read again."""

    def __init__(self, *, pause: float) -> None:
        """Take how many seconds pass at least between two readings of one experiment."""
        self._pause = pause
        self._due_at: dict[str, float] = {}
        self._read_at: dict[str, float] = {}

    def note(self, key: str, now: float) -> None:
        """Read it as soon as it may be."""
        earliest = self._read_at.get(key, now - self._pause) + self._pause
        self._due_at.setdefault(key, max(now, earliest))

    def take(self, now: float) -> str | None:
        """Return what is to be read now, the longest due first; None where nothing is."""
        key = min(self._due_at, key=self._due_at.__getitem__, default=None)
        if key is None or self._due_at[key] > now:
            return None
        del self._due_at[key]
        self._read_at[key] = now
        return key

    def keep_only(self, keys: set[str]) -> None:
        """Forget experiments that are watched no more."""
        for known in (self._due_at, self._read_at):
            for key in known.keys() - keys:
                del known[key]
