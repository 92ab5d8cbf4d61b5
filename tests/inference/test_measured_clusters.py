"""How alike contacts are, from account sums: against the clustered errors of statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from inference.comparison import NotComparable, Reason
from inference.measured_clusters import MeasuredClusters, measured_clusters
from inference.moments import Moments, MomentsError
from tests.inference.samples import moments_of


def measured(accounts: list[tuple[int, int]]) -> MeasuredClusters | NotComparable:
    y, d = zip(*accounts, strict=True)
    return measured_clusters(moments_of(y, denominators=d))


def test_the_design_effect_is_the_squared_ratio_of_clustered_and_plain_errors():
    accounts = [(1, 4), (0, 2), (5, 9), (2, 3), (7, 20), (0, 6), (3, 5), (4, 4)]
    rows = [(g, i < y) for g, (y, size) in enumerate(accounts) for i in range(size)]
    groups, outcomes = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    fit = sm.OLS(outcomes, np.ones(len(rows))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    share = outcomes.mean()
    plain = share * (1 - share) / len(rows)

    result = measured(accounts)

    assert (result.accounts, result.contacts) == (8, 53)
    assert result.design_effect == pytest.approx(fit.bse[0] ** 2 * 8 / 7 / plain, rel=1e-9)


@pytest.mark.parametrize("correlation", [0.05, 0.2, 0.5])
def test_a_known_correlation_is_found_again(correlation):
    # Beta-binomial accounts: the correlation of two contacts is 1/(a + b + 1).
    generator = np.random.default_rng(5)
    weight = 1 / correlation - 1
    sizes = generator.integers(2, 30, 20_000)
    y = generator.binomial(sizes, generator.beta(0.3 * weight, 0.7 * weight, len(sizes)))

    result = measured(list(zip(y.tolist(), sizes.tolist(), strict=True)))

    assert result.intraclass_correlation == pytest.approx(correlation, rel=0.06)
    assert result.size_variation == pytest.approx(sizes.std(ddof=1) / sizes.mean())


def test_accounts_of_one_contact_have_no_correlation_and_no_effect():
    result = measured([(1, 1), (0, 1)] * 50)

    assert result.intraclass_correlation is None
    assert result.design_effect == pytest.approx(100 / 99)


def test_accounts_that_are_all_or_nothing_have_the_correlation_one():
    result = measured([(4, 4), (0, 4)] * 50)

    assert result.intraclass_correlation == 1.0
    assert math.isclose(result.design_effect, 4 * 100 / 99)


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ([(0, 4), (0, 3)], Reason.NO_VARIANCE),
        ([(4, 4), (3, 3)], Reason.NO_VARIANCE),
        ([(1, 4)], Reason.ONE_UNIT),
    ],
)
def test_what_cannot_be_measured_has_a_reason(accounts, reason):
    result = measured(accounts)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_more_contacts_than_there_are_is_refused():
    with pytest.raises(MomentsError, match="sum_y must lie"):
        measured_clusters(Moments(2, 9, 41, 0, 0, 0, 8, 32, 36))
