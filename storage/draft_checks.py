"""Whether what a draft names is there: metrics, a policy, people, a team, an earlier experiment."""

from schemas.caps import check_caps
from schemas.resources import ExperimentDraft
from storage.draft_people import check_people
from storage.draft_refusals import DraftError
from storage.metric_versions import metrics_of
from storage.policies import newest_policies
from storage.pool import Connection
from storage.statements import statement


async def check_draft(
    connection: Connection, draft: ExperimentDraft, *, frozen: ExperimentDraft | None = None
) -> None:
    """Raise UnknownMetricError, CapError or DraftError where a draft names what is not there.

    What an experiment was frozen with stays good, whatever became of it since.
    """
    check_caps(draft, await metrics_of(connection, draft))
    await _check_policy(connection, draft, frozen)
    await check_people(connection, draft, frozen)
    await _check_line(connection, draft)


async def with_policy_version(connection: Connection, draft: ExperimentDraft) -> ExperimentDraft:
    """Return the draft with the version of its policy named: later ones change nothing."""
    if draft.policy_version is not None:
        return draft
    newest = {policy.key: policy.version for policy in await newest_policies(connection)}
    return draft.model_copy(update={"policy_version": newest.get(draft.policy)})


async def _check_policy(
    connection: Connection, draft: ExperimentDraft, frozen: ExperimentDraft | None
) -> None:
    newest = {policy.key: policy.version for policy in await newest_policies(connection)}
    if draft.policy not in newest:
        raise DraftError("policy", "unknown_policy", f"one of {', '.join(newest)}")
    if frozen is None and draft.policy_version is not None:
        raise DraftError(
            "policy_version", "not_for_drafts", "the newest one is named when it is registered"
        )
    is_kept = frozen is not None and _named(draft) == _named(frozen)
    if frozen is not None and not is_kept and draft.policy_version != newest[draft.policy]:
        raise DraftError(
            "policy_version",
            "not_newest",
            f"version {newest[draft.policy]} of {draft.policy!r} is the newest, and no other is "
            "taken up",
        )


def _named(draft: ExperimentDraft) -> tuple[str, int | None]:
    return draft.policy, draft.policy_version


async def _check_line(connection: Connection, draft: ExperimentDraft) -> None:
    """Raise DraftError where what the draft follows is not there, or follows it."""
    if draft.follows is None:
        return
    await connection.execute(statement("follow_lock"))
    ends = {"start": draft.follows}
    if not await _leads_to(connection, {**ends, "key": draft.follows}):
        raise DraftError("follows", "unknown_experiment", f"there is no {draft.follows!r}")
    if await _leads_to(connection, {**ends, "key": draft.key}):
        raise DraftError("follows", "circle", f"{draft.follows!r} follows {draft.key!r}")


async def _leads_to(connection: Connection, ends: dict[str, str]) -> bool:
    row = await (await connection.execute(statement("leads_to"), ends)).fetchone()
    return row is not None and bool(row[0])
