"""Fills a database with a stored history, by SQL alone: a worker would need minutes for it.

Every account meets two of the experiments and one that all meet, within two weeks; over the months
that follow, touches of the usual mix come to accounts in no order, as a log is stored.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from attribution.units import Entry, HomeState, MetricSums, UnitState, pack
from cli.company.typical import MIX, SOURCE

EVERYONE = "met-by-everyone"
START = datetime(2026, 1, 5, tzinfo=UTC)
WINDOW = timedelta(days=30)
METRIC_TYPES = ("engagement.*", "lead.*")
_MET = 3
"""Exposures of each account."""

_OPEN = """
SELECT open_event_leaf(family || '.x', (extract(epoch FROM month) * 1000000)::bigint)
FROM unnest(ARRAY['experiment', 'engagement', 'lead']) AS family,
     generate_series(timestamptz '2026-01-15 UTC', '2026-04-15 UTC', '1 month') AS month
"""
_EXPOSURES = """
INSERT INTO events (source, id, type, time_us, home, account, contact, campaign, data, received_us)
SELECT %(source)s, 'exposure-' || n, 'experiment.exposure', at_us, home, home,
       'contact-' || account || '@example.com', 'spring',
       json_build_object('experiment', experiment,
                         'variant', (ARRAY['control', 'treatment'])[1 + n %% 2]),
       at_us
FROM (
    SELECT n, n %% %(accounts)s AS account,
           format('account-%%s.example', lpad((n %% %(accounts)s)::text, 7, '0')) AS home,
           %(start_us)s + n * (14 * 86400000000 / (%(accounts)s * 3)) AS at_us,
           CASE n / %(accounts)s
               WHEN 2 THEN %(everyone)s
               ELSE 'load-' || lpad(((hashint8(n) & 2147483647) %% %(experiments)s)::text, 5, '0')
           END AS experiment
    FROM generate_series(0, 3 * %(accounts)s::bigint - 1) AS n
) AS met
ORDER BY hashint8(n)
"""
_TOUCHES = """
INSERT INTO events (source, id, type, time_us, home, account, contact, campaign, data, received_us)
SELECT %(source)s, 'touch-' || n, (%(types)s::text[])[1 + n %% %(kinds)s], at_us, home, home,
       'contact-' || n %% 5 || '@' || home, 'spring', '{"message":"mailing-3"}', at_us
FROM (
    SELECT n, format('account-%%s.example', lpad((
               (hashint8extended(n, 3) & 9223372036854775807) %% %(accounts)s
           )::text, 7, '0')) AS home,
           %(start_us)s + 14 * 86400000000
               + n * (60 * 86400000000 / greatest(%(touches)s, 1)) AS at_us
    FROM generate_series(0, %(touches)s::bigint - 1) AS n
) AS touched
"""
_STATES = """
INSERT INTO account_states (home, state)
SELECT format('account-%%s.example', lpad(n::text, 7, '0')), %(state)s
FROM generate_series(0, %(accounts)s::bigint - 1) AS n
"""
_EXPECTED = """
SELECT count(DISTINCT met.home), count(touch.home)
FROM events met
LEFT JOIN events touch ON touch.home = met.home AND split_part(touch.type, '.', 1) <> 'experiment'
     AND touch.time_us >= met.time_us AND touch.time_us < met.time_us + %(window_us)s
WHERE split_part(met.type, '.', 1) = 'experiment' AND met.data->>'experiment' = %(experiment)s
  AND met.time_us = (SELECT min(first.time_us) FROM events first
                     WHERE first.home = met.home AND split_part(first.type, '.', 1) = 'experiment'
                       AND first.data->>'experiment' = %(experiment)s)
"""


@dataclass(frozen=True)
class History:
    """How much is stored; the same numbers give the same events."""

    accounts: int
    events: int
    experiments: int

    @property
    def touches(self) -> int:
        """Events that are no exposures."""
        return self.events - _MET * self.accounts


def fill(conninfo: str, history: History) -> None:
    """Store the history, with a state of each account that holds two other experiments."""
    asked = _asked(history)
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_OPEN)
        for statement in (_EXPOSURES, _TOUCHES, _STATES):
            connection.execute(statement, asked)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def expected_of(connection: "psycopg.Connection[Any]", experiment: str) -> tuple[int, int]:
    """Return the accounts that met the experiment, and their touches within the window."""
    asked = {"experiment": experiment, "window_us": WINDOW // timedelta(microseconds=1)}
    row = connection.execute(_EXPECTED, asked).fetchone()
    assert row is not None
    return row[0], row[1]


def _asked(history: History) -> dict[str, object]:
    # As many types out of a hundred as the mix has shares.
    types = [name for name, share in MIX for _ in range(round(share * 100))]
    return {
        "source": SOURCE,
        "accounts": history.accounts,
        "experiments": history.experiments,
        "touches": history.touches,
        "everyone": EVERYONE,
        "types": types,
        "kinds": len(types),
        "start_us": int(START.timestamp()) * 1_000_000,
        "state": _state_of_two(),
    }


def _state_of_two() -> bytes:
    """A state as large as that of an account in two experiments."""
    first = (int(START.timestamp()) * 1_000_000, SOURCE, "exposure-1234567")
    unit = UnitState(first=first, variant=1, seen=2, exposures=1, sums=[MetricSums(y=7)])
    return pack(HomeState({key: Entry({"": unit}) for key in (1_000_001, 1_000_002)}))
