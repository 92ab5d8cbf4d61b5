"""How much of an experiment everybody sees, written out by hand.

The rule is held to it person by person, and the API route by route.
"""

from schemas.policies import Level

PHASES = ("running", "in_review", "decided")
POLICIES = ("open", "shared", "workshop")

# n none, h headline, m metrics, s segments; running, in review, decided.
TABLE = {
    # person                                   open   shared workshop
    "marketer of the owner team":             ("sss", "sss", "sss"),
    "marketer of another team":               ("mmm", "nnh", "nnh"),
    "interpreter of another marketing team":  ("sss", "sss", "sss"),
    "seller":                                 ("sss", "mmm", "hmm"),
    "interpreter of sales":                   ("sss", "mmm", "hmm"),
    "leader of the owner team":               ("mmm", "mmm", "mmm"),
    "leader of sales":                        ("mmm", "mmm", "hmm"),
    "leader of the house":                    ("mmm", "nnh", "nnh"),
    "engineer":                               ("mmm", "nnh", "nnh"),
    "engineer in the owner team":             ("mmm", "nnh", "nnh"),
    "steward":                                ("mmm", "nnh", "nnh"),
    "somebody without a role":                ("mmm", "nnh", "nnh"),
}  # fmt: skip
LETTERS = {
    "n": Level.NONE,
    "h": Level.HEADLINE,
    "m": Level.METRICS,
    "s": Level.SEGMENTS,
}


def level_of(person: str, policy: str, phase: str) -> Level:
    """Return what the table says."""
    return LETTERS[TABLE[person][POLICIES.index(policy)][PHASES.index(phase)]]
