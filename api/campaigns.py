"""GET /v1/campaigns/{campaign}: sums of its experiments and contents, as far as they are seen."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from api import problems
from api.campaign_document import CampaignSums, SeenExperiment, campaign_of
from api.identity import Asking, Viewer
from api.openapi import answer
from api.problems import ProblemError
from api.results import LanguageAsked
from api.services import ServicesHere
from api.snapshots import take_snapshot
from api.visibility import Sight, log_read, sight_on
from schemas.dimensions import Label
from schemas.policies import Level
from schemas.wording import Language
from storage.campaigns import experiments_of_campaign
from storage.pool import Connection
from transparency.status_rule import hold_to_status

router = APIRouter(prefix="/v1/campaigns", tags=["results"])

MOST_EXPERIMENTS = 50
"""Each of them is read for the answer."""

Campaign = Annotated[Label, Path(description="as events and experiments name it")]


@router.get(
    "/{campaign}",
    summary="Add a campaign up",
    responses={200: answer(CampaignSums, "Sums by metric, with the parts that they are of.")},
)
async def read_campaign(
    campaign: Campaign, services: ServicesHere, asking: Viewer, language: LanguageAsked = "en"
) -> Response:
    """Return sums over the experiments of a campaign, and over its contents.

    Only of parts that whoever asks may see: what is not shown is in no sum.
    """
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sights = await _sights(connection, asking, campaign)
        for sight in sights:
            await log_read(connection, sight, route="campaign", at=now)
    seen = []
    for sight in sights:
        released = await (await take_snapshot(services.database, sight.experiment.key)).released()
        results = _shown(sight, released[language], language)
        seen.append(SeenExperiment(sight.experiment, sight.level or Level.JOURNEYS, results))
    found = campaign_of(campaign, seen, language)
    return Response(msgspec.json.encode(found), media_type="application/json")


async def _sights(connection: Connection, asking: Asking, campaign: str) -> list[Sight]:
    """The experiments that may be known of and count something. Raises ProblemError."""
    found = await experiments_of_campaign(connection, campaign, limit=MOST_EXPERIMENTS + 1)
    if len(found) > MOST_EXPERIMENTS:
        raise ProblemError(
            problems.CONFLICT,
            f"campaign {campaign!r} has more than {MOST_EXPERIMENTS} experiments: too many to add "
            "up for one answer",
        )
    sights = [sight_on(experiment, asking) for experiment in found if experiment.epoch]
    seen = [sight for sight in sights if sight.reaches(Level.HEADLINE)]
    if not seen:
        raise ProblemError(problems.NOT_FOUND, f"no experiment is part of a campaign {campaign!r}")
    return seen


def _shown(sight: Sight, released: object, language: Language) -> dict[str, object]:
    """What passes; the deployment's own token adds up what was released, and no more."""
    return sight.shown(hold_to_status(released, language).document, language)
