"""Checks and hashes passwords with argon2id, off the event loop and few at a time.

Somebody who does not exist costs as much time as somebody who does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from argon2 import Parameters, PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import TOO_MANY_REQUESTS, ProblemError, retry_after

PARAMETERS = profiles.RFC_9106_LOW_MEMORY
"""64 MiB and three passes: the second recommendation of RFC 9106, for servers that do more."""
AT_A_TIME = 2
MOST_WAITING = 32

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a password is right, and the hash to store from now on where the old one is weak."""

    is_right: bool
    better_hash: str | None = None


class Passwords:
    """Hashes and checks."""

    def __init__(self, parameters: Parameters = PARAMETERS) -> None:
        """Take what a hash costs; stored hashes that cost another are replaced as they are used."""
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is stored of a password. Raises ProblemError (429) where too many wait."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def check(self, password: str, stored: str | None) -> Check:
        """Tell whether it is the password, at the same cost where there is none to compare with.

        Raises ProblemError (429) where too many wait.
        """
        return await self._in_turn(lambda: self._checked(password, stored))

    async def _in_turn(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MOST_WAITING:
            raise ProblemError(
                TOO_MANY_REQUESTS, "Too many people sign in at once.", headers=retry_after(2)
            )
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def _checked(self, password: str, stored: str | None) -> Check:
        nobody = self._hash_of_nobody  # before anything else: its first use takes time
        if not self._is_match(password, stored or nobody) or stored is None:
            return Check(is_right=False)
        is_weak = self._hasher.check_needs_rehash(stored)
        return Check(is_right=True, better_hash=self._hasher.hash(password) if is_weak else None)

    def _is_match(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _hash_of_nobody(self) -> str:
        return self._hasher.hash("nobody's password")
