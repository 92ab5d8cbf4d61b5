"""Puts the API together from its parts: nothing is discovered, nothing runs at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from api import (
    access_log,
    amendments,
    breakdowns,
    campaigns,
    currency_rates,
    dead_letters,
    deals,
    erasure,
    event_types,
    experiment_checks,
    experiments,
    explain,
    gateway,
    health,
    learnings,
    metrics,
    openid_sign_in,
    people,
    plans,
    policies,
    results,
    reviews,
    sessions,
    sign_in,
    stream,
    templates,
    tokens,
    webhooks,
)
from api.access import Access
from api.api_metrics import ApiMetrics
from api.body_limit import BodyLimit
from api.counted_answers import CountedAnswers
from api.entrance import entrance_with
from api.identities import Identities
from api.no_addresses import refuse_addresses
from api.openapi import ANY_PROBLEM, describe
from api.problem_handlers import add_problem_handlers
from api.requirements import authorise
from api.security_headers import GuardedApp
from api.services import running_services
from api.settings import Settings
from observability.exposition import new_registry
from schemas.catalog import EVENTS

ROUTERS = (
    gateway.router,
    event_types.router,
    metrics.router,
    plans.router,
    experiments.router,
    amendments.router,
    experiment_checks.router,
    templates.router,
    results.router,
    breakdowns.router,
    campaigns.router,
    deals.router,
    reviews.router,
    learnings.router,
    policies.router,
    access_log.router,
    erasure.router,
    explain.router,
    stream.router,
    dead_letters.router,
    webhooks.router,
    currency_rates.router,
    sign_in.router,
    openid_sign_in.router,
    sessions.router,
    people.router,
    tokens.router,
    health.router,
)


def build_app(settings: Settings, *, events_topic: str = EVENTS.name) -> FastAPI:
    """Build the API that works with these settings and writes events to this topic."""
    metrics = ApiMetrics(new_registry())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_services(settings, events_topic, metrics) as services:
            app.state.services = services
            yield

    identities = Identities(settings.token, lambda: app.state.services.database)
    entrance = entrance_with(settings, identities)
    app = GuardedApp(
        title="Roundtable",
        description="Event-driven experiment tracking for B2B marketing and sales.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # they load scripts from other hosts
        redoc_url=None,
        responses={**ANY_PROBLEM},
        dependencies=[Depends(authorise), Depends(refuse_addresses)],
        # What FastAPI traces by itself names addresses and whoever stands in them.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        middleware=[
            Middleware(CountedAnswers, metrics=metrics),
            Middleware(Access, identities=identities, site=entrance.site),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        ],
    )
    app.is_https = entrance.site.is_https
    app.state.entrance = entrance
    add_problem_handlers(app)
    describe(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
