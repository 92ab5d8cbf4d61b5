"""Alerts, dashboard, runbook and list of metrics name what there is, and nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from api.api_metrics import ApiMetrics
from cli.verify_metrics import VerifyMetrics
from observability.exposition import new_registry
from stream_processors.worker_metrics import WorkerMetrics

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
OF_OTHERS = {"up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
"""Of Prometheus itself and of the node exporter."""
WORKER_PORT, API_PORT = "ROUNDTABLE_WORKER_HTTP_PORT", "ROUNDTABLE_METRICS_PORT"
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}


def families() -> dict[str, tuple[str, str]]:
    """Every metric of every process by the name it is listed under: its kind and its meaning."""
    worker, api, verify = new_registry(), new_registry(), CollectorRegistry()
    WorkerMetrics(worker, dict)
    ApiMetrics(api).look_at(held=int, limit=0, is_stalled=bool, pool=dict)
    VerifyMetrics(verify)
    return {
        f"{found.name}_total" if found.type == "counter" else found.name: (
            found.type,
            found.documentation,
        )
        for registry in (worker, api, verify)
        for found in registry.collect()
    }


def series() -> set[str]:
    """Every name that an expression may ask for."""
    names = {(name.removesuffix("_total"), kind) for name, (kind, _) in families().items()}
    return {name + suffix for name, kind in names for suffix in SUFFIXES.get(kind, ("",))}


def names_in(expression: str) -> set[str]:
    """The metrics that a PromQL expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    words = re.findall(r"(?<![\w.])[a-zA-Z_]\w*(?!\w*\s*\()", bare)
    return {word for word in words if word not in {"and", "or", "unless", "offset", "bool"}}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "observability/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> Iterator[dict[str, Any]]:
    dashboard = json.loads((ROOT / "observability/dashboard.json").read_text())
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")


def anchors() -> set[str]:
    """The anchors of the page's headings, as they are made of them."""
    headings = re.findall(r"^#+ (.+)$", PAGE, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_names_are_found_in_an_expression() -> None:
    expression = (
        'sum by (le, topic) (rate(a_bucket{x="y_z"}[5m:30s])) > 4 * 3600 and absent(b) or c'
    )

    assert names_in(expression) == {"a_bucket", "b", "c"}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_there_is_and_leads_to_its_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")

    assert names_in(rule["expr"]) <= series() | OF_OTHERS
    assert (page, anchor) == ("docs/operations.md", rule["alert"].lower())
    assert anchor in anchors()
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]


def test_every_alert_of_the_runbook_exists() -> None:
    told = set(re.findall(r"^### (Roundtable\w+)$", PAGE, flags=re.MULTILINE))

    assert told == {rule["alert"] for rule in alerts()}


def test_links_within_the_page_lead_to_a_heading() -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors()


def test_every_panel_asks_for_what_there_is_and_every_metric_has_a_panel() -> None:
    asked = {
        name for panel in panels() for one in panel["targets"] for name in names_in(one["expr"])
    }
    drawn = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in asked}
    ours = {name for name in families() if name.startswith("roundtable_")}

    assert asked <= series()
    assert ours - drawn == {"roundtable_verify_last_run_timestamp_seconds"}  # an alert has it
    assert all(panel["title"] and panel["description"] for panel in panels())


def test_the_page_lists_every_metric_with_its_kind_and_meaning() -> None:
    rows = re.findall(r"^\| `(roundtable_\w+)` \| (\w+) \|[^|]*\| (.*) \|$", PAGE, re.MULTILINE)
    ours = {name: told for name, told in families().items() if name.startswith("roundtable_")}

    assert {name: (kind, meaning) for name, kind, meaning in rows} == ours
    assert [name for name in families() if f"`{name}`" not in PAGE] == []


def test_metrics_are_named_as_prometheus_asks() -> None:
    for name, (kind, _) in families().items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert not re.search(r"_(?:ms|milliseconds|minutes|kb|mb)(?:_|$)", name), name


def test_what_the_compose_file_mounts_and_prometheus_reads_is_there() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = [
        volume.split(":")[0]
        for service in ("prometheus", "grafana")
        for volume in compose[service]["volumes"]
        if volume.startswith("./")
    ]
    config = yaml.safe_load((ROOT / "observability/prometheus.yml").read_text())
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]
    }

    assert len(mounted) == 5
    assert [path for path in mounted if not (ROOT / path).is_file()] == []
    assert targets == {
        "roundtable-worker": [f"worker:{compose['worker']['environment'][WORKER_PORT]}"],
        "roundtable-api": [f"api:{compose['api']['environment'][API_PORT]}"],
    }
