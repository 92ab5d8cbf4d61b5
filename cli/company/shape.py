"""How a simulated company behaves: every rate and delay in one frozen value."""

from dataclasses import dataclass, field

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """From the first meeting with an experiment to a deal.

    `cycle` is how long an account takes to its verdict; every stage lies at a fixed share of it, so
    that the share of accounts that reach a stage inside a window is known exactly.
    """

    lead: float = 0.30
    accepted: float = 0.60
    deal: float = 0.60
    won: float = 0.45
    reopened: float = 0.05
    cycle_median_days: float = 45.0
    cycle_sigma: float = 0.6
    lead_at: float = 0.10
    judged_at: float = 0.15
    meeting_at: float = 0.22
    created_at: float = 0.30
    verdict_at: float = 1.0
    value_median: float = 18_000.0
    value_sigma: float = 0.9

    def __post_init__(self) -> None:
        """Refuse stages out of order."""
        stages = (self.lead_at, self.judged_at, self.meeting_at, self.created_at, self.verdict_at)
        if list(stages) != sorted(set(stages)):
            raise ValueError("stages: lead, judgement, meeting, deal and verdict follow each other")


@dataclass(frozen=True, kw_only=True)
class Touches:
    """What contacts do around the funnel."""

    mailings: int = 5
    delivered: float = 0.97
    opened: float = 0.28
    clicked: float = 0.15
    unsubscribed: float = 0.004
    bots: float = 0.04
    """Contacts whose mail scanner opens and clicks everything within seconds."""
    page_views: float = 3.0
    registered: float = 0.10
    attended: float = 0.55
    form: float = 0.12
    form_icc: float = 0.10
    """Correlation of the contacts of one account in handing in the form."""
    form_median_days: float = 4.0
    form_sigma: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong between a source and the gate, as shares of all events."""

    late: float = 0.02
    late_median_hours: float = 20.0
    late_sigma: float = 1.2
    duplicated: float = 0.02
    broken: float = 0.005
    linked_late: float = 0.15
    """Contacts that nobody knows the account of until a link arrives."""
    mixed: float = 0.004
    """Accounts that meet a second variant."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Everything about a company except its seed, its size and its experiments."""

    contacts_median: float = 4.0
    contacts_sigma: float = 0.8
    most_contacts: int = 120
    lead_in_share: float = 0.15
    """Share of the period before the first account meets an experiment."""
    entry_share: float = 0.45
    """Share of the period in which accounts meet their experiments."""
    funnel: Funnel = field(default_factory=Funnel)
    touches: Touches = field(default_factory=Touches)
    trouble: Trouble = field(default_factory=Trouble)


CALM = Trouble(late=0, duplicated=0, broken=0, linked_late=0, mixed=0)
"""A company whose sources make no mistake."""
