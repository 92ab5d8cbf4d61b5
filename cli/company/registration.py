"""The bodies that register the company's metrics and experiments, as the API takes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.company.company import Company
from cli.company.diary import CURRENCY
from cli.company.effects import ACCEPTED, FORMS, LEAD, VALUE, WON, TrueMetric
from cli.company.experiments import SimulatedExperiment
from cli.company.mails import WELCOME
from cli.company.visits import FORM

Body = dict[str, Any]

COVARIATE_DAYS = 30


def metric_bodies() -> list[Body]:
    """Return the metrics of which the true effects are known, and one guardrail."""
    return [
        _metric(
            LEAD,
            name="Lead",
            meaning="The account became a lead within 30 days.",
            owner="marketing",
            kind="conversion",
            measure=_events("lead.created"),
        ),
        _metric(
            ACCEPTED,
            name="Accepted lead",
            meaning="Sales accepted a lead of the account within 30 days.",
            owner="sales",
            kind="conversion",
            measure=_events("lead.accepted"),
        ),
        _metric(
            WON,
            name="Deal won",
            meaning="The account bought within 90 days.",
            owner="sales",
            kind="conversion",
            measure=_events("deal.won"),
        ),
        _metric(
            VALUE,
            name="Deal value",
            meaning="What the deals that the account signed within 90 days are worth.",
            owner="sales",
            kind="latest_deal_value",
            measure=_events("deal.*"),
            currency=CURRENCY,
            unit_label=CURRENCY,
        ),
        _metric(
            FORMS,
            name="Forms per contact",
            meaning="Of the contacts who got the welcome mail, those who handed in the form.",
            owner="marketing",
            kind="ratio",
            measure=_events("engagement.form.submitted", "data.form", FORM),
            denominator=_events("engagement.email.delivered", "data.message", WELCOME),
        ),
        unsubscribed_body(),
    ]


def experiment_body(company: Company, experiment: SimulatedExperiment) -> Body:
    """Return one experiment; it lasts as long as accounts of the company can meet it."""
    body: Body = {
        "key": experiment.key,
        "name": experiment.name,
        "hypothesis": experiment.hypothesis,
        "owner": "marketing",
        "unit": "account",
        "randomised": True,
        "variants": [
            {"key": v.key, "weight": v.weight, "control": v.control} for v in experiment.variants
        ],
        "exposure": _exposure(experiment),
        "metrics": _uses(),
        "starts_at": _time(company.period.start_us),
        "ends_at": _time(company.period.end_us),
        "planned_units": company.accounts,
    }
    return body


def experiment_bodies(company: Company) -> list[Body]:
    """Return all experiments of the company."""
    return [experiment_body(company, experiment) for experiment in company.experiments]


def unsubscribed_body() -> Body:
    """Return the guardrail: no variant should drive people away."""
    return {
        "key": "unsubscribed",
        "name": "Unsubscribed",
        "meaning": "A contact of the account wanted no more mails within 30 days.",
        "owner": "marketing",
        "kind": "conversion",
        "measure": _events("engagement.email.unsubscribed"),
        "window": _duration(timedelta(days=30)),
        "direction": "decrease",
    }


def _metric(metric: TrueMetric, **fields: Any) -> Body:
    return {"key": metric.key, "window": _duration(metric.window), **fields}


def _events(event_type: str, field: str | None = None, value: str | None = None) -> Body:
    where = [{"field": field, "value": value}] if field else []
    return {"filter": {"types": [event_type], "where": where}}


def _uses() -> list[Body]:
    return [
        {"metric": LEAD.key, "role": "primary"},
        {"metric": ACCEPTED.key, "role": "secondary"},
        {"metric": WON.key, "role": "secondary"},
        {"metric": VALUE.key, "role": "secondary"},
        {"metric": FORMS.key, "role": "secondary"},
        {"metric": "unsubscribed", "role": "guardrail", "covariate": f"P{COVARIATE_DAYS}D"},
    ]


def _exposure(experiment: SimulatedExperiment) -> Body:
    if not experiment.by_page:
        return {"kind": "assignment"}
    page = _events("engagement.page.viewed", "data.test", experiment.key)
    return {"kind": "matching", **page, "variant_from": "data.variant"}


def _time(time_us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)).isoformat()


def _duration(window: timedelta) -> str:
    return f"P{window.days}D"
