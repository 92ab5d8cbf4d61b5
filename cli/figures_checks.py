"""What `roundtable doctor` concludes from the metrics of worker and API. Pure.

Counters count since a process started, so they name what happened; a problem is what is so now, or
what has happened too often to be chance.
"""

from collections.abc import Callable

from cli.finding import Finding, fine, problem
from cli.told_metrics import ToldMetrics

MOST_WAITING = 100_000
MOST_REFUSED = 0.01
MOST_FENCED = 20
LONGEST_BUILD_SECONDS = 1_800
FULL = 0.8
RUNBOOK = "See docs/operations.md,"

Check = Callable[[ToldMetrics], Finding]


def worker_figures(told: ToldMetrics) -> list[Finding]:
    """Say how the worker fares."""
    return [check(told) for check in (_lag, _records, _fences, _builds, _pool("worker"))]


def api_figures(told: ToldMetrics, process: str = "api") -> list[Finding]:
    """Say how a process of the API fares, by the name that it is told under."""
    checks = (_gateway(process), _answers(process), _pool(process))
    return [check(told) for check in checks]


def _lag(told: ToldMetrics) -> Finding:
    lag = told.total("roundtable_partition_lag_records")
    if lag is None:
        advice = "Ask again in a minute; if it stays so, see what /readyz of the worker says."
        return problem("lag", "the worker does not know how many records wait", advice)
    if lag > MOST_WAITING:
        advice = f"{RUNBOOK} The worker does not keep up."
        return problem("lag", f"{lag:,.0f} records wait to be counted", advice)
    return fine("lag", f"{lag:,.0f} records wait to be counted")


def _records(told: ToldMetrics) -> Finding:
    outcomes = told.by("roundtable_events_total", "outcome")
    refused = outcomes["refused",]
    detail = (
        f"since its start {outcomes['accepted',]:,} counted, {outcomes['duplicate',]:,} sent "
        f"again, {refused:,} refused"
    )
    if refused <= MOST_REFUSED * outcomes.total():
        return fine("events", detail)
    reasons = told.by("roundtable_events_refused_total", "field", "rule")
    ((field, rule), _), *_ = reasons.most_common(1)
    advice = f"GET /v1/dead-letters shows each; most often `{field}` breaks `{rule}`."
    return problem("events", detail, advice)


def _fences(told: ToldMetrics) -> Finding:
    fenced = told.total("roundtable_fenced_batches_total") or 0
    retries = told.total("roundtable_retries_total") or 0
    detail = f"{fenced:,.0f} batches lost to another worker, {retries:,.0f} transactions run again"
    if fenced > MOST_FENCED:
        return problem("batches", detail, f"{RUNBOOK} RoundtableFencedBatches.")
    return fine("batches", detail)


def _builds(told: ToldMetrics) -> Finding:
    waiting = told.total("roundtable_builds_waiting") or 0
    oldest = told.total("roundtable_build_oldest_seconds") or 0
    if waiting and oldest > LONGEST_BUILD_SECONDS:
        detail = f"{waiting:,.0f} definitions wait, the oldest for {oldest / 60:,.0f} minutes"
        return problem("builds", detail, f"{RUNBOOK} RoundtableBuildStuck.")
    return fine("builds", f"{waiting:,.0f} definitions are being built")


def _gateway(process: str) -> Check:
    name = f"{process} gateway"

    def check(told: ToldMetrics) -> Finding:
        held = told.total("roundtable_gateway_in_flight_bytes") or 0
        limit = told.total("roundtable_gateway_in_flight_limit_bytes") or 0
        if told.total("roundtable_gateway_stalled"):
            advice = f"{RUNBOOK} RoundtableGatewayUnavailable."
            return problem(name, "Kafka takes or acknowledges nothing", advice)
        detail = f"{held / 1e6:,.1f} of {limit / 1e6:,.1f} MB are in flight"
        if held > FULL * limit:
            return problem(name, detail, f"{RUNBOOK} RoundtableGatewayFull.")
        return fine(name, detail)

    return check


def _answers(process: str) -> Check:
    name = f"{process} answers"

    def check(told: ToldMetrics) -> Finding:
        statuses = told.by("roundtable_http_responses_total", "status")
        failed = statuses["500",]
        detail = (
            f"since its start {statuses.total():,} answers, {statuses['429',]:,} of them 429 and "
            f"{statuses['503',]:,} of them 503"
        )
        if failed:
            advice = "Each has left an exception in the log of the API: please report it."
            return problem(name, f"{detail}; {failed:,} requests failed (500)", advice)
        return fine(name, detail)

    return check


def _pool(process: str) -> Check:
    def check(told: ToldMetrics) -> Finding:
        name = f"{process} pool"
        most = told.total("roundtable_pool_connections_max")
        if most is None:
            advice = "See whether PostgreSQL answers."
            return problem(name, "there is no connection to PostgreSQL", advice)
        used = told.total("roundtable_pool_connections", state="in_use") or 0
        waiting = told.total("roundtable_pool_requests_waiting") or 0
        detail = f"{used:,.0f} of {most:,.0f} connections to PostgreSQL in use"
        if waiting:
            found = f"{detail}, {waiting:,.0f} wait for one"
            return problem(name, found, f"{RUNBOOK} RoundtablePoolExhausted.")
        return fine(name, detail)

    return check
