"""The Hypothesis profile under which the histories are searched for hours instead of seconds.

python -m pytest tests/attribution --hypothesis-profile thorough
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "thorough",
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
