"""Times `analyze_aggregates` of tea-tasting on samples from standard input; stands alone.

It needs a newer Python than the project, so it is started in an environment of its own.
"""

import json
import math
import sys
import time
from importlib.metadata import version

from tea_tasting.aggr import Aggregates
from tea_tasting.metrics import Mean

REPEATS = 5
"""The fastest counts, as it does for the library that stands beside."""


def main() -> None:
    """Read [n, Σy, Σy²] of control and treatment per comparison, write seconds and intervals."""
    pairs = [[_aggregates(*arm) for arm in pair] for pair in json.load(sys.stdin)]
    metric = Mean("y")
    seconds = math.inf
    for _ in range(REPEATS):
        started = time.process_time()
        results = [metric.analyze_aggregates(*pair) for pair in pairs]
        seconds = min(seconds, time.process_time() - started)
    answer = {
        "name": f"tea-tasting {version('tea-tasting')}, analyze_aggregates",
        "seconds": seconds / len(pairs),
        "intervals": [
            [float(r.rel_effect_size_ci_lower), float(r.rel_effect_size_ci_upper)] for r in results
        ],
    }
    json.dump(answer, sys.stdout)


def _aggregates(n: int, y: int, yy: int) -> Aggregates:
    variance = (n * yy - y * y) / (n * (n - 1))
    return Aggregates(count_=n, mean_={"y": y / n}, var_={"y": variance})


if __name__ == "__main__":
    main()
