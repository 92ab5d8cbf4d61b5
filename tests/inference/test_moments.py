"""Moments are exact, add in any order, and refuse what no sample can have."""

from __future__ import annotations

import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.moments import Moments, MomentsError

units = st.tuples(*[st.integers(-(10**12), 10**12)] * 3)
samples = st.lists(units, min_size=2, max_size=30)


def moments_of(sample: list[tuple[int, int, int]]) -> Moments:
    return sum((Moments.of_outcome(y, x, d) for y, x, d in sample), Moments.zero())


@given(samples, st.randoms())
def test_the_order_of_merging_does_not_matter(sample, random):
    shuffled = list(sample)
    random.shuffle(shuffled)
    cut = random.randint(0, len(sample))

    merged = moments_of(shuffled[cut:]) + moments_of(shuffled[:cut])

    assert merged == moments_of(sample)


@given(samples)
def test_means_and_variances_equal_those_of_the_plain_sample(sample):
    moments = moments_of(sample)
    y, x, d = (list(map(Fraction, column)) for column in zip(*sample, strict=True))

    assert moments.mean == statistics.mean(y)
    assert moments.covariate_mean == statistics.mean(x)
    assert moments.denominator_mean == statistics.mean(d)
    assert moments.variance == statistics.variance(y)
    assert moments.covariate_variance == statistics.variance(x)
    assert moments.denominator_variance == statistics.variance(d)
    assert moments.covariate_covariance == covariance(x, y)
    assert moments.denominator_covariance == covariance(y, d)


def covariance(first: list[Fraction], second: list[Fraction]) -> Fraction:
    centre_first, centre_second = statistics.mean(first), statistics.mean(second)
    products = [
        (a - centre_first) * (b - centre_second) for a, b in zip(first, second, strict=True)
    ]
    return sum(products, Fraction(0)) / (len(first) - 1)


@given(samples, units)
def test_taking_a_unit_out_undoes_putting_it_in(sample, unit):
    before = moments_of(sample)
    increment = Moments.of_outcome(*unit)

    assert before + increment - increment == before
    assert increment + -increment == Moments.zero()


@given(samples)
def test_every_sample_passes_the_check(sample):
    moments = moments_of(sample)

    assert Moments.checked(*(getattr(moments, f) for f in Moments.__struct_fields__)) == moments


def test_a_billion_units_around_a_billion_keep_their_variance():
    moments = Moments(10**9, 10**18, 10**27 + 10**9 - 1)

    assert moments.mean == 10**9
    assert moments.variance == 1


def test_integral_decimals_are_taken():
    assert Moments.checked(Decimal(2), Decimal("3.0"), Decimal("5")) == Moments(2, 3, 5)


def test_no_units_are_a_sample():
    assert Moments.checked(0, 0, 0) == Moments.zero()
    assert not Moments.zero()
    assert Moments.of_outcome(0)


@pytest.mark.parametrize(
    ("sums", "argument", "rule"),
    [
        ((True, 1, 1), "n", "not a bool"),
        ((2, 3.0, 5), "sum_y", "exact integer"),
        ((2, 3, float("nan")), "sum_yy", "exact integer"),
        ((2, Decimal("NaN"), 5), "sum_y", "exact integer"),
        ((2, Decimal("Infinity"), 5), "sum_y", "exact integer"),
        ((2, Decimal("3.5"), 5), "sum_y", "exact integer"),
        ((2, "3", 5), "sum_y", "exact integer"),
        ((2, None, 5), "sum_y", "exact integer"),
        ((-1, 0, 0), "n", "negative"),
        ((0, 1, 1), "sum_y", "where n is 0"),
        ((0, 0, 0, 0, 0, 0, 0, 0, 7), "sum_yd", "where n is 0"),
        ((2, 3, 4), "sum_yy", "too small"),
        ((2, 3, 5, 3, 4), "sum_xx", "too small"),
        ((2, 3, 5, 0, 0, 0, 3, 4), "sum_dd", "too small"),
        ((1, 3, 10), "sum_yy", "square of the one value"),
        ((2, 3, 5, 3, 5, 6), "sum_xy", "allow"),
        ((2, 3, 5, 0, 0, 0, 3, 5, 6), "sum_yd", "allow"),
    ],
)
def test_sums_that_cannot_be_are_refused_by_argument_and_rule(sums, argument, rule):
    with pytest.raises(MomentsError) as refusal:
        Moments.checked(*sums)

    assert refusal.value.argument == argument
    assert rule in refusal.value.rule


def test_a_mean_needs_one_unit_and_a_variance_two():
    with pytest.raises(MomentsError, match="for a mean"):
        _ = Moments.zero().mean
    with pytest.raises(MomentsError, match="for a variance"):
        _ = Moments.of_outcome(5).variance
