"""Real data with published answers: the same figures, to their last published digit."""

from __future__ import annotations

import pytest

from inference.arms import arm_of_means
from inference.cuped import adjusted_difference
from inference.proportions import compare_proportions
from inference.sample_ratio import read_sample_ratio
from inference.welch import compare_means, welch
from tests.inference.published import answers, hillstrom_moments, landing_page_moments
from tests.inference.samples import ends_of, found

ARMS = ["No E-Mail", "Mens E-Mail", "Womens E-Mail"]
PAIRS = [(1, 0), (2, 0), (1, 2)]


def test_the_moments_are_those_of_the_published_sample():
    published = answers("hillstrom")["per_arm"]
    moments = hillstrom_moments()

    for arm in ARMS:
        for outcome, scale in (("visit", 0), ("conversion", 0), ("spend", 2)):
            expected = published[arm][outcome]
            found_arm = found(arm_of_means(moments[arm, outcome], scale=scale))
            assert found_arm.n == expected["n"]
            assert float(found_arm.mean) == pytest.approx(expected["mean"], rel=1e-12)
            assert float(found_arm.variance) == pytest.approx(expected["var"], rel=1e-12)


@pytest.mark.parametrize("outcome", ["visit", "conversion"])
@pytest.mark.parametrize(("treatment", "control"), PAIRS)
def test_visits_and_conversions_have_the_published_tests(outcome, treatment, control):
    name = f"{ARMS[treatment]} vs {ARMS[control]}"
    expected = answers("hillstrom")["tests"][name][outcome]
    moments = hillstrom_moments()
    arms = (moments[ARMS[control], outcome], moments[ARMS[treatment], outcome])

    shares = found(compare_proportions(*arms))
    means = found(compare_means(*(arm_of_means(arm) for arm in arms)))

    assert shares.estimate == pytest.approx(expected["diff"], rel=1e-9)
    assert shares.statistic == pytest.approx(expected["z_pooled"], rel=1e-9)
    assert shares.statistic**2 == pytest.approx(expected["chi2"], rel=1e-9)
    assert shares.p_value == pytest.approx(expected["p_z"], rel=1e-9)
    assert means.statistic == pytest.approx(expected["welch"]["t"], rel=1e-9)
    assert means.df == pytest.approx(expected["welch"]["df"], rel=1e-9)
    assert means.p_value == pytest.approx(expected["welch"]["p"], rel=1e-9)


@pytest.mark.parametrize(("treatment", "control"), PAIRS)
def test_spend_has_the_published_welch_test(treatment, control):
    expected = answers("hillstrom")["tests"][f"{ARMS[treatment]} vs {ARMS[control]}"]["spend"]
    moments = hillstrom_moments()

    result = found(
        compare_means(
            arm_of_means(moments[ARMS[control], "spend"], scale=2),
            arm_of_means(moments[ARMS[treatment], "spend"], scale=2),
        )
    )

    assert result.estimate == pytest.approx(expected["diff"], rel=1e-12)
    assert result.standard_error == pytest.approx(expected["se"], rel=1e-9)
    assert result.statistic == pytest.approx(expected["t"], rel=1e-9)
    assert result.df == pytest.approx(expected["df"], rel=1e-9)
    assert result.p_value == pytest.approx(expected["p"], rel=1e-9)
    assert ends_of(result) == pytest.approx(expected["ci95"], rel=1e-9)


@pytest.mark.parametrize(("treatment", "control"), PAIRS)
def test_spend_adjusted_by_history_is_close_to_the_published_figure(treatment, control):
    # Published with a slope pooled over the arms; ours is within arms, which differs slightly.
    name = f"{ARMS[treatment]} vs {ARMS[control]}"
    expected = answers("hillstrom")["tests"][name]["spend_cuped_history"]
    moments = hillstrom_moments()
    arms = (moments[ARMS[control], "spend"], moments[ARMS[treatment], "spend"])

    result = found(welch(adjusted_difference(*arms, scale=2), alpha=0.05)[0])

    assert result.estimate == pytest.approx(expected["diff"], rel=1e-4)
    assert result.standard_error == pytest.approx(expected["se"], rel=1e-6)


def test_the_split_of_the_mailing_has_the_published_chi_square():
    expected = answers("hillstrom")["srm_equal"]
    counts = [hillstrom_moments()[arm, "visit"].n for arm in ARMS]

    reading = read_sample_ratio(counts, [1, 1, 1])

    assert list(reading.counts) == expected["counts"]
    assert reading.chi_square == pytest.approx(expected["chi2"], rel=1e-9)
    assert reading.chi_square_p_value == pytest.approx(expected["p"], rel=1e-9)


def test_the_cleaned_landing_pages_have_the_published_test():
    expected = answers("ab_landing_udacity")["clean"]
    arms = landing_page_moments()

    result = found(compare_proportions(arms["control"], arms["treatment"]))

    assert (arms["control"].sum_y, arms["control"].n) == (17_489, 145_274)
    assert (arms["treatment"].sum_y, arms["treatment"].n) == (17_264, 145_310)
    assert result.statistic == pytest.approx(expected["z_pooled"], rel=1e-9)
    assert result.p_value == pytest.approx(expected["p_z"], rel=1e-9)
