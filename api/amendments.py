"""Changes of what is registered: asked for with a reason, kept for everybody to see."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.identity import Viewer
from api.registry_access import changeable, log_policy, readable
from api.services import ServicesHere
from schemas.amendments import Amendment, AmendmentDraft
from storage.amendments import amend_experiment, amendments_of
from storage.registry import experiment

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


class Amendments(BaseModel):
    """All amendments of one experiment, the oldest first."""

    amendments: list[Amendment]


@router.post("/{key}/amendments", status_code=201, responses={200: {"model": Amendment}})
async def amend(
    key: str, asked: AmendmentDraft, services: ServicesHere, viewer: Viewer, response: Response
) -> Amendment:
    """Amend what is registered: 201 and a new definition, 200 where the same was asked before.

    What an amendment touches after the first exposure is read as invalid from then on.
    """
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        before = await changeable(connection, viewer, key, at=now)
        amendment, is_new = await amend_experiment(
            connection,
            key,
            asked,
            at=now,
            by=viewer.actor,
            reporting_currency=services.settings.reporting_currency,
            agreement_required=services.settings.is_agreement_required,
        )
        after = await experiment(connection, key, at=now)
        await log_policy(connection, viewer, before, after, route="amendments", at=now)
    response.status_code = 201 if is_new else 200
    return amendment


@router.get("/{key}/amendments")
async def list_amendments(key: str, services: ServicesHere, viewer: Viewer) -> Amendments:
    """Return what was changed after the freeze: what, before, after, by whom, when, why."""
    async with services.database.connection() as connection:
        await readable(connection, viewer, key, at=datetime.now(UTC))
        return Amendments(amendments=await amendments_of(connection, key))
