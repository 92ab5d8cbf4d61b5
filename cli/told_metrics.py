"""The metrics of one process as it tells them, to be asked by name and labels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

ANSWER_SECONDS = 10.0
"""A worker asks Kafka and PostgreSQL first, and waits some seconds for either."""


class MetricsUnreadableError(Exception):
    """Nobody answers there, or says something else."""


@dataclass(frozen=True)
class ToldMetrics:
    """Every sample of one answer."""

    samples: Sequence[Sample]

    def total(self, name: str, **labels: str) -> float | None:
        """Return the sum of the samples with these labels; None where there is none."""
        found = [sample.value for sample in self._named(name, labels)]
        return sum(found) if found else None

    def by(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """Return the sums of the samples by the values of these labels."""
        sums: Counter[tuple[str, ...]] = Counter()
        for sample in self._named(name, {}):
            sums[tuple(sample.labels[label] for label in labels)] += int(sample.value)
        return sums

    def _named(self, name: str, labels: dict[str, str]) -> Iterator[Sample]:
        return (
            sample
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def read_metrics(url: str) -> ToldMetrics:
    """Ask a process. Raises MetricsUnreadableError."""
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise MetricsUnreadableError(f"{url} does not answer: {why}") from error
    if answer.status_code != httpx.codes.OK:
        raise MetricsUnreadableError(f"{url} answers {answer.status_code}")
    return metrics_in(answer.text)


def metrics_in(text: str) -> ToldMetrics:
    """Read an answer. Raises MetricsUnreadableError."""
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError as error:
        raise MetricsUnreadableError(f"it says what no metrics are: {error}") from error
    return ToldMetrics([sample for family in families for sample in family.samples])
