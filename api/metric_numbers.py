"""Which of an experiment's metrics a request names."""

from api.problem_handlers import InputError, InvalidInputError
from storage.readings import ExperimentTotals


def number_of(totals: ExperimentTotals, metric: str) -> int:
    """Return the metric's number. Raises InvalidInputError where there is none of this key."""
    uses = [use.metric for use in totals.body.experiment.metrics]
    if metric not in uses:
        raise InvalidInputError(
            InputError("metric", "unknown_metric", f"the experiment has {', '.join(uses)}")
        )
    return uses.index(metric)
