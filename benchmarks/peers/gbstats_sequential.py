"""Times the sequential test of gbstats on samples from standard input; runs without this project.

Its dependencies exclude those of the project, so it is started in an environment of its own.
"""

import json
import math
import sys
import time
from importlib.metadata import version

from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic

REPEATS = 5
"""The fastest counts, as it does for the library that stands beside."""


def main() -> None:
    """Read [n, Σy, Σy²] of control and treatment per comparison, write seconds and intervals."""
    pairs = json.load(sys.stdin)
    samples = [
        [SampleMeanStatistic(n=n, sum=y, sum_squares=yy) for n, y, yy in pair] for pair in pairs
    ]
    config = SequentialConfig(sequential_tuning_parameter=5000)
    seconds = math.inf
    for _ in range(REPEATS):
        started = time.process_time()
        results = [SequentialTwoSidedTTest(*pair, config).compute_result() for pair in samples]
        seconds = min(seconds, time.process_time() - started)
    intervals = [[float(end) for end in result.ci] for result in results]
    answer = {
        "name": f"gbstats {version('gbstats')}, sequential test",
        "seconds": seconds / len(pairs),
        "intervals": intervals,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
