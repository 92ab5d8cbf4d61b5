"""Joint reviews as stored: opened with pinned results, written by both sides, concluded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from schemas.reviews import Learning, ProposalDraft
from storage.pool import Connection
from storage.statements import statement
from transparency.reviews import Proposed, ReviewState, Signed, Written


class UnknownReviewError(LookupError):
    """The experiment has no review of this number."""


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A review with its place: which of the experiment's it is, and what it was opened on."""

    id: int
    number: int
    epoch: int
    opened_at: datetime
    opened_by: str | None
    state: ReviewState


async def open_review(
    connection: Connection,
    experiment_id: int,
    *,
    epoch: int,
    snapshot: Mapping[str, Any],
    deadline: datetime,
    person: str | None,
    at: datetime,
) -> int:
    """Pin these results (by language) and return the review's number.

    The caller holds the experiment's row: at most one review of an experiment is open.
    """
    cursor = await connection.execute(
        statement("insert_review"),
        {
            "experiment_id": experiment_id,
            "epoch": epoch,
            "snapshot": Jsonb(snapshot),
            "opened_at": at,
            "opened_by": person,
            "deadline": deadline,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def reviews_of(connection: Connection, key: str) -> list[StoredReview]:
    """Return all reviews of an experiment, the first one first."""
    cursor = await connection.execute(statement("reviews_of_experiment"), {"key": key})
    return await _with_sides(connection, await cursor.fetchall())


async def is_signed_by_both(connection: Connection, key: str) -> bool:
    """Tell whether both sides signed the last review of an experiment that was concluded."""
    cursor = await connection.execute(statement("is_signed_by_both"), {"key": key})
    return await cursor.fetchone() == (True,)


async def review_for_update(connection: Connection, key: str, number: int) -> StoredReview:
    """Return a review, locked until the end of the transaction. Raises UnknownReviewError."""
    asked = {"key": key, "number": number}
    cursor = await connection.execute(statement("review_for_update"), asked)
    found = await _with_sides(connection, await cursor.fetchall())
    if not found:
        raise UnknownReviewError(f"experiment {key!r} has no review {number}")
    return found[0]


async def pinned_results(
    connection: Connection, key: str, number: int, language: str
) -> dict[str, Any]:
    """Return the results that a review was opened on. Raises UnknownReviewError."""
    asked = {"key": key, "number": number, "language": language}
    row = await (await connection.execute(statement("review_snapshot"), asked)).fetchone()
    if row is None:
        raise UnknownReviewError(f"experiment {key!r} has no review {number}")
    return dict(row[0])


async def pinned_before(connection: Connection, key: str) -> list[dict[str, Any]]:
    """Return what each review of an experiment was opened on, by language, the first one first."""
    cursor = await connection.execute(statement("snapshots_of_experiment"), {"key": key})
    return [dict(row[0]) for row in await cursor.fetchall()]


async def store_step(connection: Connection, review: StoredReview, after: ReviewState) -> None:
    """Store what a step changed; the caller holds the review's row."""
    before = review.state
    for side, written in after.readings.items():
        if before.readings.get(side) != written:
            await _execute(
                connection,
                "upsert_review_reading",
                review,
                side=side,
                person=written.person,
                body=written.text,
                at=written.at,
            )
    if after.proposal is not None and after.proposal != before.proposal:
        await _execute(connection, "drop_signatures", review)
        await _execute(connection, "replace_proposal", review, proposal=_document(after.proposal))
    for side, signed in after.signatures.items():
        if before.signatures.get(side) != signed:
            await _execute(
                connection,
                "upsert_signature",
                review,
                side=side,
                person=signed.person,
                dissent=signed.dissent,
                at=signed.at,
            )
    if after.concluded_at is not None and before.concluded_at is None:
        await _conclude(connection, review, after, after.concluded_at)


async def search_learnings(
    connection: Connection, words: str, *, limit: int, offset: int
) -> list[Learning]:
    """Return learnings that hold these words in either language, the best match first."""
    asked = {"words": words.strip(), "limit": limit, "offset": offset}
    cursor = await connection.execute(statement("search_learnings"), asked)
    names = (
        *("experiment", "review", "name", "hypothesis", "learning", "decision", "is_joint"),
        "concluded_at",
    )
    return [
        Learning.model_validate(dict(zip(names, row, strict=True)))
        for row in await cursor.fetchall()
    ]


async def _conclude(
    connection: Connection, review: StoredReview, after: ReviewState, at: datetime
) -> None:
    assert after.proposal is not None
    await _execute(connection, "conclude_review", review, at=at, is_joint=after.is_joint)
    await _execute(
        connection,
        "insert_learning",
        review,
        at=at,
        is_joint=after.is_joint,
        decision=after.proposal.draft.decision,
        learning=after.proposal.draft.learning,
    )


async def _execute(connection: Connection, name: str, review: StoredReview, **values: Any) -> None:
    await connection.execute(statement(name), {"review_id": review.id, **values})


async def _with_sides(
    connection: Connection, rows: Sequence[tuple[Any, ...]]
) -> list[StoredReview]:
    ids = [row[0] for row in rows]
    readings = await _by_review(connection, "readings_of_reviews", ids, Written)
    signatures = await _by_review(connection, "signatures_of_reviews", ids, Signed)
    return [
        StoredReview(
            id=row[0],
            number=row[1],
            epoch=row[2],
            opened_at=row[3],
            opened_by=row[4],
            state=ReviewState(
                deadline=row[5],
                verdicts={d["variant"]: d["verdict"] for d in row[8] or ()},
                readings=readings.get(row[0], {}),
                proposal=_proposed(row[6]),
                signatures=signatures.get(row[0], {}),
                concluded_at=row[7],
            ),
        )
        for row in rows
    ]


async def _by_review(
    connection: Connection, name: str, ids: Sequence[int], kind: Callable[..., Any]
) -> dict[int, dict[Any, Any]]:
    cursor = await connection.execute(statement(name), {"ids": list(ids)})
    found: dict[int, dict[Any, Any]] = {}
    for review_id, side, *parts in await cursor.fetchall():
        found.setdefault(review_id, {})[side] = kind(*parts)
    return found


def _document(proposal: Proposed) -> Jsonb:
    return Jsonb(
        {
            "draft": proposal.draft.model_dump(mode="json"),
            "person": proposal.person,
            "at": proposal.at.isoformat(),
            "against_rule": proposal.against_rule,
        }
    )


def _proposed(document: Mapping[str, Any] | None) -> Proposed | None:
    if document is None:
        return None
    return Proposed(
        ProposalDraft.model_validate(document["draft"]),
        document["person"],
        datetime.fromisoformat(document["at"]),
        document["against_rule"],
    )
