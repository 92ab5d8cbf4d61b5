"""From an account's first meeting with the experiments to a lead, a deal and its verdict."""

import math

import numpy as np

from cli.company.diary import CRM, CURRENCY, WEB, Diary
from cli.company.experiments import SimulatedVariant, lead_probability, value_factor
from cli.company.people import Contact
from cli.company.shape import DAY_US, HOUR_US, Funnel

REASONS = ("no budget", "wrong contact", "too small", "bad timing", "competitor in place")
LOST = ("price", "no decision", "competitor")


def note_funnel(
    random: np.random.Generator,
    diary: Diary,
    funnel: Funnel,
    met: list[SimulatedVariant],
) -> None:
    """Note how far the account goes; a stage lies at a fixed share of its own cycle."""
    # All chances are drawn first: how far one account goes then changes no other account.
    lead, accepted, deal, won, reopened, pick = random.random(6)
    cycle_us = random.lognormal(math.log(funnel.cycle_median_days), funnel.cycle_sigma) * DAY_US
    value = random.lognormal(math.log(funnel.value_median), funnel.value_sigma) * value_factor(met)
    story = _Story(diary, funnel, cycle_us, pick)
    if lead >= lead_probability(funnel.lead, met):
        return
    story.becomes_lead()
    if accepted >= funnel.accepted:
        story.is_rejected()
        return
    story.is_accepted()
    if deal >= funnel.deal:
        return
    story.opens_deal(round(value) * 100)
    if won < funnel.won:
        story.wins()
    else:
        story.loses(reopens=reopened < funnel.reopened)


class _Story:
    """Notes one account's stages in their order."""

    def __init__(self, diary: Diary, funnel: Funnel, cycle_us: float, pick: float) -> None:
        self._diary = diary
        self._funnel = funnel
        self._cycle_us = cycle_us
        self._pick = pick
        self._value = 0

    def becomes_lead(self) -> None:
        """A contact asks for a talk."""
        at = self._funnel.lead_at
        self._touch("engagement.form.submitted", at, -60_000_000, form="demo-request")
        self._touch("lead.created", at, source=CRM, origin=self._diary.account.channel)

    def is_rejected(self) -> None:
        """Sales says no, and why."""
        reason = REASONS[int(self._pick * len(REASONS))]
        self._touch("lead.rejected", self._funnel.judged_at, source=CRM, reason=reason)

    def is_accepted(self) -> None:
        """Sales says yes and meets the contact."""
        at = self._funnel
        self._touch("lead.qualified", at.judged_at, -HOUR_US, source=CRM)
        self._touch("lead.accepted", at.judged_at, source=CRM)
        self._touch("engagement.meeting.booked", at.meeting_at, -HOUR_US, meeting="first-talk")
        self._touch("engagement.meeting.held", at.meeting_at, meeting="first-talk")

    def opens_deal(self, value: int) -> None:
        """A deal is opened below its later value and moves through its stages."""
        self._value = value
        created, verdict = self._funnel.created_at, self._funnel.verdict_at
        middle = (created + verdict) / 2
        self._deal("created", created, amount=value * 4 // 5, data={"stage": "discovery"})
        self._deal("stage_changed", middle, data={"stage": "proposal"})
        self._deal("amount_changed", middle, HOUR_US, amount=value)

    def wins(self) -> None:
        """The deal is won at its value."""
        self._deal("won", self._funnel.verdict_at, amount=self._value, data={"stage": "won"})

    def loses(self, *, reopens: bool) -> None:
        """The deal is lost; a few come back, and are open at the end."""
        reason = LOST[int(self._pick * len(LOST))]
        self._deal("lost", self._funnel.verdict_at, data={"stage": "lost", "reason": reason})
        if reopens:
            self._deal("reopened", self._funnel.verdict_at, 14 * DAY_US)

    def _touch(
        self, event_type: str, share: float, shift_us: int = 0, source: str = WEB, **data: str
    ) -> None:
        account = self._diary.account
        self._diary.note(
            source,
            event_type,
            self._time(share, shift_us),
            contact=self._lead,
            campaign=account.campaign,
            channel=account.channel,
            data=data,
        )

    def _deal(
        self,
        what: str,
        share: float,
        shift_us: int = 0,
        amount: int | None = None,
        data: dict[str, str] | None = None,
    ) -> None:
        name = self._diary.account.name.partition(".")[0]
        money = {} if amount is None else {"amount": amount, "currency": CURRENCY}
        self._diary.note(
            CRM,
            f"deal.{what}",
            self._time(share, shift_us),
            deal=f"{name}-d1",
            campaign=self._diary.account.campaign,
            data={**(data or {}), **money},
        )

    @property
    def _lead(self) -> Contact:
        return self._diary.account.contacts[0]

    def _time(self, share: float, shift_us: int) -> int:
        # Never before the entry: a short cycle must not move a stage out of every window.
        return self._diary.account.entry_us + max(int(self._cycle_us * share) + shift_us, 1)
