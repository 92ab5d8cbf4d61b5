"""What readers know from all editions of a breakdown together, and what must stay unknown.

The unknowns are the accounts (or values) of each group at each edition. Known are the totals of
every edition, the figures of the groups it moved, and that a group does not shrink where it does
not. Groups that no account joined are taken as known: everybody may know that they are idle.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from transparency.audit import Fact, Knowledge, Question, Terms
from transparency.tables import EMPTY, Cell, total_of


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """All groups as they were, and the names of those whose figures were shown anew."""

    number: int
    at: datetime
    groups: Mapping[str, Cell]
    moved: frozenset[str] = frozenset()

    @property
    def measures(self) -> frozenset[str]:
        """What is added up beside the accounts."""
        return frozenset(name for cell in self.groups.values() for name in cell.values)

    @property
    def total(self) -> Cell:
        """All groups together."""
        return total_of(list(self.groups.values()))

    def cell(self, group: str) -> Cell:
        """Return a group, empty where nobody was in it yet."""
        return self.groups.get(group, EMPTY)


class Path(msgspec.Struct, frozen=True):
    """One group through the editions of a part."""

    accounts: tuple[int, ...]
    amounts: tuple[int, ...]
    is_known: tuple[bool, ...]

    def small_steps(self, k: int) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and amount of every change by fewer than k accounts that is hidden.

        Between neighbours, and between a hidden figure and the known ones around it.
        """
        for start, end in _pairs(self.is_known):
            if 0 < abs(self.accounts[end] - self.accounts[start]) < k:
                yield start, end, abs(self.amounts[end] - self.amounts[start])


class Unknowns(msgspec.Struct, frozen=True):
    """The paths of all groups on one measure, and the number of each hidden figure."""

    paths: Mapping[str, Path]
    numbers: Mapping[tuple[str, int], int]
    scale: float
    """Amounts are divided by it, so that the programme works on numbers of a common size."""

    def difference(self, group: str, start: int, end: int) -> dict[int, float]:
        """Return later minus earlier as far as it is hidden."""
        signs = (((group, end), 1.0), ((group, start), -1.0))
        return {self.numbers[at]: sign for at, sign in signs if at in self.numbers}

    def known_difference(self, group: str, start: int, end: int) -> float:
        """Return later minus earlier as far as it is known."""
        amounts = self.paths[group].amounts
        signs = ((end, 1), (start, -1))
        known = sum(sign * amounts[at] for at, sign in signs if (group, at) not in self.numbers)
        return known / self.scale


def open_part(editions: Sequence[Edition]) -> list[Edition]:
    """Return the newest edition and those before, back to where all groups were known exactly.

    What came before that is settled: no later edition can say more about it. Before the first
    edition everything is known to be empty.
    """
    names = frozenset().union(*(edition.groups for edition in editions))
    start = Edition(number=0, at=editions[0].at, groups=dict.fromkeys(names, EMPTY), moved=names)
    part = [start]
    last: dict[str, Cell] = dict(start.groups)
    for edition in editions[:-1]:
        last |= {name: edition.groups[name] for name in edition.moved}
        part.append(edition)
        if all(edition.cell(name).accounts == last[name].accounts for name in names):
            part = [msgspec.structs.replace(edition, moved=names)]
    return [*part, editions[-1]]


def unknowns_of(part: Sequence[Edition], measure: str | None) -> Unknowns:
    """Return what is hidden in a part; the measure None stands for the accounts themselves."""
    names = sorted(frozenset().union(*(edition.groups for edition in part)))
    paths = {name: _path(part, name, measure) for name in names}
    hidden = [
        (name, at)
        for name, path in paths.items()
        for at, is_known in enumerate(path.is_known)
        if not is_known
    ]
    largest = max(sum(path.amounts[at] for path in paths.values()) for at in range(len(part)))
    numbers = {spot: number for number, spot in enumerate(hidden)}
    return Unknowns(paths, numbers, max(1.0, largest / _COMMON_SIZE))


def knowledge_of(unknowns: Unknowns) -> Knowledge:
    """Return everything that readers know about the hidden figures."""
    return Knowledge(
        lower=[0.0] * len(unknowns.numbers),
        equal=list(_totals(unknowns)),
        at_most=list(_growth(unknowns)),
    )


def questions_of(unknowns: Unknowns, k: int, *, of_accounts: bool) -> list[Question]:
    """Return what must stay open: k accounts around every small step, and all of its amount."""
    needed: dict[tuple[int, ...], Question] = {}
    for name, path in unknowns.paths.items():
        for start, end, amount in path.small_steps(k):
            terms = unknowns.difference(name, start, end)
            width = float(k) if of_accounts else amount / unknowns.scale
            # Steps to several known figures are one question: the largest width asks for all.
            before = needed.get(tuple(terms))
            if terms and width > (before.needed if before else 0.0):
                needed[tuple(terms)] = Question(terms, width)
    return list(needed.values())


def joined(accounts: Unknowns, events: Unknowns, k: int) -> tuple[Knowledge, list[Question]]:
    """Return what is known of accounts and of events together, and what must stay open of both.

    No account has two events: who knows of many events in a group knows of as many accounts in it.
    """
    of_accounts, of_events = knowledge_of(accounts), knowledge_of(events)
    behind = len(accounts.numbers)
    knowledge = Knowledge(
        lower=[*of_accounts.lower, *of_events.lower],
        equal=[*of_accounts.equal, *(_moved(fact, behind) for fact in of_events.equal)],
        at_most=[
            *of_accounts.at_most,
            *(_moved(fact, behind) for fact in of_events.at_most),
            # Figures of a group are hidden, and shown, together.
            *(
                Fact({behind + events.numbers[spot]: events.scale, number: -accounts.scale}, 0.0)
                for spot, number in accounts.numbers.items()
            ),
        ],
    )
    of_both = questions_of(events, k, of_accounts=False)
    return knowledge, [
        *questions_of(accounts, k, of_accounts=True),
        *(Question(_behind(question.terms, behind), question.needed) for question in of_both),
    ]


_COMMON_SIZE = 1e6


def _moved(fact: Fact, behind: int) -> Fact:
    return Fact(_behind(fact.terms, behind), fact.amount)


def _behind(terms: Terms, places: int) -> dict[int, float]:
    return {places + number: factor for number, factor in terms.items()}


def _path(part: Sequence[Edition], name: str, measure: str | None) -> Path:
    cells = [edition.cell(name) for edition in part]
    accounts = tuple(cell.accounts for cell in cells)
    is_idle = len(set(accounts)) == 1
    return Path(
        accounts=accounts,
        amounts=accounts
        if measure is None
        else tuple(cell.values.get(measure, 0) for cell in cells),
        is_known=tuple(is_idle or name in edition.moved for edition in part),
    )


def _pairs(is_known: Sequence[bool]) -> list[tuple[int, int]]:
    editions = range(len(is_known))
    return [
        (start, end)
        for end in editions
        for start in range(end)
        if end - start == 1 or is_known[start] != is_known[end]
    ]


def _totals(unknowns: Unknowns) -> Iterator[Fact]:
    editions = {at for _, at in unknowns.numbers}
    for at in sorted(editions):
        hidden = [name for name in unknowns.paths if (name, at) in unknowns.numbers]
        amount = sum(unknowns.paths[name].amounts[at] for name in hidden)
        terms = {unknowns.numbers[name, at]: 1.0 for name in hidden}
        yield Fact(terms, amount / unknowns.scale)


def _growth(unknowns: Unknowns) -> Iterator[Fact]:
    """Yield that earlier figures are at most later ones, wherever that is so."""
    for name, path in unknowns.paths.items():
        for at in range(len(path.amounts) - 1):
            terms = unknowns.difference(name, at, at + 1)
            if terms and path.amounts[at] <= path.amounts[at + 1]:
                known = unknowns.known_difference(name, at, at + 1)
                yield Fact({number: -sign for number, sign in terms.items()}, known)
