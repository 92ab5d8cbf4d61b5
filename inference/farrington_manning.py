"""How far a table of two shares is from a supposed difference, in standard errors under it.

Source: Farrington & Manning 1990: the variance comes from the most likely pair of shares that are
exactly so far apart, the root of a cubic that has a closed form.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def score_statistics(n_control: int, n_treatment: int, difference: float) -> Floats:
    """The score of every table, by (control events, treatment events); infinite without variance.

    Positive where treatment − control is above `difference`.
    """
    control = np.arange(n_control + 1)[:, None] / n_control
    treatment = np.arange(n_treatment + 1)[None, :] / n_treatment
    excess = treatment - control - difference
    likely = most_likely_control(control, treatment, n_treatment / n_control, difference)
    other = np.clip(likely + difference, 0, 1)
    variance = likely * (1 - likely) / n_control + other * (1 - other) / n_treatment
    excess[np.abs(excess) < 1e-12] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = excess / np.sqrt(np.where(variance > 1e-15, variance, 0.0))
    return np.where(excess == 0, 0.0, scores)


def most_likely_control(
    control: Floats, treatment: Floats, ratio: float, difference: float
) -> Floats:
    """Most likely share in control where treatment's is that plus `difference`.

    `ratio` is n_T/n_C. Root of the likelihood equation, kept to where both are shares.
    """
    if difference == 0:
        pooled: Floats = (control + ratio * treatment) / (1 + ratio)
        return pooled
    # The cubic is the one for treatment's share; control's is less by the difference.
    s, theta = difference, 1 / ratio
    a = 1 + theta
    b = -(1 + theta + treatment + theta * control + s * (theta + 2))
    c = s**2 + s * (2 * treatment + theta + 1) + treatment + theta * control
    d = -treatment * s * (1 + s)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.sign(v) * np.sqrt(np.maximum(0, b**2 / (3 * a) ** 2 - c / (3 * a)))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 0.0, v / u**3)
    w = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    likely = 2 * u * np.cos(w) - b / (3 * a) - s
    limited: Floats = np.clip(likely, max(0.0, -s), min(1.0, 1 - s))
    return limited
