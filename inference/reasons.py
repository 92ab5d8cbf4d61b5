"""Reasons in columns: which rows have no result, and why; the first reason found stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.comparison import Reason
from inference.exact import Mask

Reasons = NDArray[np.int8]
"""Positions in `REASONS`; `NONE` where there is a result."""

REASONS = tuple(Reason)
NONE = -1
_CODES = {reason: code for code, reason in enumerate(REASONS)}


def code_of(reason: Reason | None) -> int:
    """The position of a reason in `REASONS`."""
    return NONE if reason is None else _CODES[reason]


def reason_of(code: int) -> Reason | None:
    """The reason at a position, none at `NONE`."""
    return None if code == NONE else REASONS[code]


def where(mask: Mask, reason: Reason) -> Reasons:
    """This reason in the rows of the mask."""
    return np.where(mask, np.int8(_CODES[reason]), np.int8(NONE))


def first(*columns: Reasons) -> Reasons:
    """Per row the reason of the first column that has one."""
    found = columns[0]
    for column in columns[1:]:
        found = np.where(found == NONE, column, found)
    return found


def apply_only(mask: Mask) -> Reasons:
    """`DOES_NOT_APPLY` outside the mask."""
    return where(~mask, Reason.DOES_NOT_APPLY)
