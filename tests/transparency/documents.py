"""A results document as the API makes it, written out, with something at every level."""

from typing import Any


def comparison(estimate: float = 0.5) -> dict[str, Any]:
    return {
        "method": "asymptotic_confidence_sequence",
        "estimate": estimate,
        "lower": estimate - 0.2,
        "upper": estimate + 0.2,
        "level": 0.95,
        "n_control": 40,
        "n_treatment": 40,
        "standard_error": 0.1,
        "statistic": 5.0,
        "df": 77.9,
        "p_value": 1e-6,
        "log_e": 9.1,
    }


def pair(status: str = "better", **changes: Any) -> dict[str, Any]:
    figures = status not in {"collecting", "invalid"}
    deciding = comparison() if figures else None
    return {
        "baseline": "plain",
        "variant": "question",
        "status": status,
        "reason": None if figures else "too_few_units",
        "n_baseline": 40,
        "n_variant": 40,
        "planned_units": 80.0,
        "alpha": 0.05,
        "corrected_p_value": 1e-6 if figures else None,
        "deciding": "always_valid" if figures else None,
        "always_valid": deciding,
        "one_look": None,
        "fixed": deciding,
        "proportions": deciding,
        "lift": deciding,
        "lift_fixed": deciding,
        "lift_reason": None,
        "adjusted": None,
        "adjusted_fixed": None,
        "adjustment_reason": "no_covariate" if figures else None,
        "at_look": None,
        "look": None,
        "uncapped": None,
        "belief": {"mean": 0.4, "lower": 0.1, "upper": 0.7, "level": 0.95} if figures else None,
        "weeks": [{"week": 0, "effect": comparison()}] if figures else [],
        "trend": {"slope": 0.1, "lower": -0.1, "upper": 0.3} if figures else None,
        "estimate": 0.5 if figures else None,
        "sentence": "question is better than plain." if figures else "Too early to say anything.",
        **changes,
    }


def arm(variant: str, *, figures: bool = True) -> dict[str, Any]:
    sums = dict.fromkeys(("sum_y", "sum_yy", "sum_x", "sum_xx", "sum_xy"), "17")
    return {
        "variant": variant,
        "n": 40,
        "still_open": 7,
        "mean": 0.75 if figures else None,
        "lower": 0.6 if figures else None,
        "upper": 0.9 if figures else None,
        "clusters": None,
        "capped": None,
        "shrunken": None,
        "incomplete": 0,
        "moments": {"n": 40, **sums},
        "moments_still_open": {"n": 7, **sums},
    }


def metric(key: str, role: str, status: str = "better", **changes: Any) -> dict[str, Any]:
    figures = status not in {"collecting", "invalid"}
    return {
        "metric": key,
        "name": f"Name of {key}",
        "version": 1,
        "kind": "conversion",
        "role": role,
        "direction": "increase",
        "unit_label": "",
        "currency": None,
        "mature_units": 80,
        "planned_units": 80,
        "expected_at": None,
        "window_seconds": 1_209_600,
        "scale": 0,
        "denominator_scale": 0,
        "arms": [arm("plain", figures=figures), arm("question", figures=figures)],
        "pairs": [pair(status)],
        **changes,
    }


def breakdown() -> dict[str, Any]:
    def cell(variant: str, accounts: int) -> dict[str, Any]:
        values = {"downloads": 9, "unsubscribed": 1}
        return {"variant": variant, "accounts": accounts, "edition": 2, "values": values}

    return {
        "dimension": "channel",
        "name": "Channel",
        "rows": [
            {"value": "email", "cells": [cell("plain", 20), cell("question", 21)], "readings": []},
            {
                "value": "ad",
                "cells": [cell("plain", 12), {"variant": "question", "hidden": True}],
                "readings": [],
            },
        ],
        "totals": [cell("plain", 32), cell("question", 21)],
    }


def journey(account: str) -> dict[str, Any]:
    touch = {
        "time": "2026-03-01T08:00:00Z",
        "type": "engagement.page.viewed",
        "campaign": "spring",
        "content": "guide",
        "channel": "web",
        "contact": "c_0123",
    }
    return {
        "account": account,
        "variant": "plain",
        "exposed_at": "2026-03-01T07:00:00Z",
        "touches": [touch],
    }


def document(status: str = "better", **changes: Any) -> dict[str, Any]:
    split = {
        "counts": [47, 47],
        "expected": [47.0, 47.0],
        "alarm": False,
        "unregistered_units": 0,
        "log_e": -2.0,
        "p_value": 1.0,
        "chi_square": 0.0,
        "chi_square_df": 1,
        "chi_square_p_value": 1.0,
    }
    return {
        "experiment": {
            "key": "spring-mail",
            "name": "Spring mail",
            "hypothesis": "A question is opened more often.",
            "owner": "marketing",
            "unit": "account",
            "randomised": True,
            "variants": [
                {"key": "plain", "name": "", "weight": "1", "control": True},
                {"key": "question", "name": "", "weight": "1", "control": False},
            ],
            "exposure": {"kind": "assignment"},
            "metrics": [{"metric": "downloads", "role": "primary"}],
            "starts_at": "2026-03-01T00:00:00Z",
            "ends_at": None,
            "planned_units": 80,
            "alpha": "0.05",
            "comparisons": [],
            "looks": [],
            "status": "running",
            "epoch": 1,
            "created_at": "2026-02-20T00:00:00Z",
            "started_at": "2026-03-01T00:00:00Z",
            "stopped_at": None,
            "stop_reason": None,
        },
        "read_at": "2026-04-01T00:00:00Z",
        "epoch": 1,
        "reporting_currency": "EUR",
        "backfill": {"complete": True, "homes_built": 0, "homes": 0, "newer_definition": False},
        "intake": {
            "exposed_units": 94,
            "mixed_units": 1,
            "exposures": 100,
            "repeat_exposures": 5,
            "stray_exposures": [{"reason": "no_unit", "exposures": 2, "meaning": "No unit."}],
            "deliveries": [
                {
                    "topic": "events",
                    "accepted": 120,
                    "duplicates": 0,
                    "refused": 0,
                    "last_at": "2026-04-01T00:00:00Z",
                }
            ],
        },
        "exposed_since": "2026-03-01T07:00:00Z",
        "mixed_share": 0.01,
        "sample_ratio": split,
        "sample_ratio_by_day": {
            "days": [{"day": "2026-03-01", "split": split}],
            "log_e": -1.0,
            "p_value": 1.0,
            "alarm": False,
        },
        "evidence": "A",
        "evidence_sentence": "Randomised.",
        "decisions": [
            {
                "variant": "question",
                "verdict": "adopt" if status == "better" else "wait",
                "metrics": ["downloads"],
                "sentence": "Adopt question.",
            }
        ],
        "cautions": [],
        "arms": [
            {
                "variant": name,
                "is_control": name == "plain",
                "share": 0.5,
                "exposed": 47,
                "mixed": 0,
            }
            for name in ("plain", "question")
        ],
        "metrics": [
            metric("downloads", "primary", status),
            metric("unsubscribed", "guardrail", "safe" if status == "better" else status),
        ],
        "breakdowns": [breakdown()],
        "journeys": [journey("a-1"), journey("a-2")],
        **changes,
    }
