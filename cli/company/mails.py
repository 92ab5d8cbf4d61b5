"""Mailings to the contacts of an account: sent, delivered, opened, clicked; scanners click all."""

from dataclasses import dataclass

import numpy as np

from cli.company.diary import MAIL, Diary
from cli.company.people import Contact, Period
from cli.company.shape import HOUR_US, Touches

WELCOME = "welcome"
SECOND_US = 1_000_000
CONTENTS = ("guide", "case-study", "checklist", "video")
HOURS_UNTIL_OPENED = 9.0


@dataclass(frozen=True, slots=True)
class Mailing:
    """One message and when it leaves."""

    message: str
    content: str
    sent_us: int


def note_mails(random: np.random.Generator, diary: Diary, touches: Touches, period: Period) -> None:
    """Note every mailing to every contact of the account."""
    # The welcome mail always arrives: its count is the denominator of the form's rate.
    welcome = Mailing(WELCOME, CONTENTS[0], diary.account.entry_us + HOUR_US)
    mailings = _draw_mailings(random, touches, period)
    for contact in diary.account.contacts:
        _note_arrival(random, diary, touches, contact, welcome)
        for mailing in mailings:
            if random.random() < touches.delivered:
                _note_arrival(random, diary, touches, contact, mailing)
            else:
                _note(diary, contact, mailing, "sent", mailing.sent_us)
                _note(diary, contact, mailing, "bounced", mailing.sent_us + 60 * SECOND_US)


def _draw_mailings(random: np.random.Generator, touches: Touches, period: Period) -> list[Mailing]:
    moments = np.sort(random.random(touches.mailings))
    return [
        Mailing(f"mailing-{number}", CONTENTS[number % len(CONTENTS)], period.at(float(moment)))
        for number, moment in enumerate(moments)
    ]


def _note_arrival(
    random: np.random.Generator,
    diary: Diary,
    touches: Touches,
    contact: Contact,
    mailing: Mailing,
) -> None:
    delivered_us = mailing.sent_us + 5 * SECOND_US
    _note(diary, contact, mailing, "sent", mailing.sent_us)
    _note(diary, contact, mailing, "delivered", delivered_us)
    if contact.is_bot:
        _note(diary, contact, mailing, "opened", delivered_us + SECOND_US)
        _note(diary, contact, mailing, "clicked", delivered_us + 2 * SECOND_US)
        return
    chance = random.random()
    if chance >= touches.opened:
        return
    opened_us = delivered_us + int(random.exponential(HOURS_UNTIL_OPENED) * HOUR_US)
    _note(diary, contact, mailing, "opened", opened_us)
    if chance < touches.opened * touches.clicked:
        _note(diary, contact, mailing, "clicked", opened_us + 20 * SECOND_US)
    elif chance > touches.opened - touches.unsubscribed:
        _note(diary, contact, mailing, "unsubscribed", opened_us + 40 * SECOND_US)


def _note(diary: Diary, contact: Contact, mailing: Mailing, what: str, time_us: int) -> None:
    diary.note(
        MAIL,
        f"engagement.email.{what}",
        time_us,
        contact=contact,
        campaign=diary.account.campaign,
        content=mailing.content,
        channel="email",
        data={"message": mailing.message},
    )
