"""The registry as the rest of the system asks for it: metrics, experiments, their lives."""

from storage.draft_refusals import DraftError
from storage.experiments import (
    ConflictError,
    UnknownExperimentError,
    Wanted,
    add_experiment,
    experiment,
    experiments_after,
    line_of,
    replace_draft,
)
from storage.freezing import rebuild_all
from storage.lifecycle import (
    close_experiment,
    decide,
    keep_looking,
    open_review,
    register_experiment,
    start_experiment,
    stop_experiment,
)
from storage.metric_agreements import NotInForceError, agree, with_agreements, withdraw
from storage.metric_versions import (
    UnknownMetricError,
    add_metric,
    metric_versions,
    newest_metrics,
)

__all__ = [
    "ConflictError",
    "DraftError",
    "NotInForceError",
    "UnknownExperimentError",
    "UnknownMetricError",
    "Wanted",
    "add_experiment",
    "add_metric",
    "agree",
    "close_experiment",
    "decide",
    "experiment",
    "experiments_after",
    "keep_looking",
    "line_of",
    "metric_versions",
    "newest_metrics",
    "open_review",
    "rebuild_all",
    "register_experiment",
    "replace_draft",
    "start_experiment",
    "stop_experiment",
    "with_agreements",
    "withdraw",
]
