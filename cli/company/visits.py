"""What contacts do of their own accord: pages, webinars, the form; and links that place them."""

import numpy as np

from cli.company.diary import WEB, Diary
from cli.company.people import Period
from cli.company.shape import DAY_US, HOUR_US, Touches

FORM = "whitepaper"
PAGES = ("/product", "/prices", "/customers", "/blog")
WEBINARS = ("practice-talk", "first-steps")


def note_links(diary: Diary) -> None:
    """Note for every contact that was nobody's where it belongs."""
    for contact in diary.account.contacts:
        if contact.is_linked_late:
            diary.note(WEB, "identity.linked", contact.linked_us, contact=contact)


def note_pages(random: np.random.Generator, diary: Diary, touches: Touches, period: Period) -> None:
    """Note page views, spread over the whole period."""
    views = random.poisson(touches.page_views, len(diary.account.contacts))
    for contact, count in zip(diary.account.contacts, views, strict=True):
        for moment in random.random(count):
            diary.note(
                WEB,
                "engagement.page.viewed",
                period.at(float(moment)),
                contact=contact,
                campaign=diary.account.campaign,
                channel=diary.account.channel,
                data={"url": PAGES[int(moment * 1e6) % len(PAGES)]},
            )


def note_webinars(
    random: np.random.Generator, diary: Diary, touches: Touches, period: Period
) -> None:
    """Note who registered for a webinar, and who of them came."""
    chances = random.random((len(diary.account.contacts), 2))
    for contact, (registers, attends) in zip(diary.account.contacts, chances, strict=True):
        if registers >= touches.registered:
            continue
        registered_us = period.at(float(registers / touches.registered) * 0.9)
        webinar = WEBINARS[int(attends * len(WEBINARS))]
        belongs = {"campaign": diary.account.campaign, "content": webinar, "channel": "webinar"}
        data = {"event": webinar}
        diary.note(
            WEB, "engagement.event.registered", registered_us, contact=contact, data=data, **belongs
        )
        if attends < touches.attended:
            held_us = registered_us + 7 * DAY_US
            diary.note(
                WEB, "engagement.event.attended", held_us, contact=contact, data=data, **belongs
            )


def note_forms(
    random: np.random.Generator, diary: Diary, touches: Touches, probability: float
) -> None:
    """Note who hands in the form after the account's entry; contacts of one account are alike."""
    contacts = diary.account.contacts
    rate = _rate_of_account(random, probability, touches.form_icc)
    hands_in = random.random(len(contacts)) < rate
    days = random.lognormal(np.log(touches.form_median_days), touches.form_sigma, len(contacts))
    for contact, form, delay in zip(contacts, hands_in, days, strict=True):
        if form:
            diary.note(
                WEB,
                "engagement.form.submitted",
                diary.account.entry_us + HOUR_US + int(delay * DAY_US),
                contact=contact,
                campaign=diary.account.campaign,
                channel=diary.account.channel,
                data={"form": FORM},
            )


def _rate_of_account(random: np.random.Generator, mean: float, icc: float) -> float:
    """Draw the account's own rate; two of its contacts then correlate by `icc` (beta-binomial)."""
    if icc == 0:
        return mean
    strength = (1 - icc) / icc
    return float(random.beta(mean * strength, (1 - mean) * strength))
