"""Templates about mails: what stands above them, and how often they follow one another."""

from decimal import Decimal

from schemas.resources import Side
from schemas.templates.metrics import (
    CALLS_MADE,
    LEAD_ACCEPTED,
    MAIL_CLICKED,
    MEETING_HELD,
    UNSUBSCRIBED,
)
from schemas.templates.template import ExperimentTemplate, TemplateVariant, TypicalSize, Words

SUBJECT_LINE = ExperimentTemplate(
    key="subject-line",
    name=Words(en="Subject line", de="Betreffzeile"),
    use_when=Words(
        en="Two ways to write the subject of the same mail.",
        de="Zwei Arten, den Betreff derselben Mail zu schreiben.",
    ),
    hypothesis=Words(
        en="Because readers recognise their own problem in a question, a subject that asks one "
        "brings more of them to click within 7 days than one that states our news.",
        de="Weil Leser in einer Frage ihr eigenes Problem erkennen, bringt ein fragender Betreff "
        "mehr von ihnen innerhalb von 7 Tagen zum Klicken als einer, der unsere Neuigkeit nennt.",
    ),
    owner=Side.MARKETING,
    unit="contact",
    variants=(
        TemplateVariant(key="statement", name=Words(en="Statement", de="Aussage"), control=True),
        TemplateVariant(key="question", name=Words(en="Question", de="Frage")),
    ),
    primary=(MAIL_CLICKED,),
    secondary=(LEAD_ACCEPTED,),
    guardrails=((UNSUBSCRIBED, Decimal("0.005")),),
    size=TypicalSize(units=8_000, weeks=2, baseline=Decimal("0.04"), shows=Decimal("0.019")),
    advice=(
        Words(
            en="Change the subject alone: the same mail, the same sender, the same hour.",
            de="Nur den Betreff ändern: dieselbe Mail, derselbe Absender, dieselbe Stunde.",
        ),
        Words(
            en="Colleagues forward mails. Where several contacts of an account get one, assign by "
            "account instead.",
            de="Kollegen leiten Mails weiter. Wo mehrere Kontakte eines Accounts eine bekommen, "
            "teilen Sie besser nach Account zu.",
        ),
    ),
)
FOLLOW_UP_CADENCE = ExperimentTemplate(
    key="follow-up-cadence",
    name=Words(en="Follow-up cadence", de="Rhythmus des Nachfassens"),
    use_when=Words(
        en="How soon and how often somebody follows up on a lead.",
        de="Wie bald und wie oft jemand bei einem Lead nachfasst.",
    ),
    hypothesis=Words(
        en="Because interest fades within days, following up on the first, third and seventh day "
        "leads to more meetings held within 30 days than once a week as now.",
        de="Weil Interesse binnen Tagen nachlässt, führt Nachfassen am ersten, dritten und siebten "
        "Tag zu mehr gehaltenen Terminen innerhalb von 30 Tagen als einmal je Woche wie jetzt.",
    ),
    owner=Side.SALES,
    unit="account",
    variants=(
        TemplateVariant(
            key="weekly", name=Words(en="Once a week", de="Einmal je Woche"), control=True
        ),
        TemplateVariant(key="early", name=Words(en="Days 1, 3, 7", de="Tage 1, 3, 7")),
    ),
    primary=(MEETING_HELD,),
    secondary=(LEAD_ACCEPTED,),
    guardrails=((UNSUBSCRIBED, Decimal("0.01")), (CALLS_MADE, Decimal("1.5"))),
    size=TypicalSize(units=1_600, weeks=8, baseline=Decimal("0.08"), shows=Decimal("0.061")),
    advice=(
        Words(
            en="Assign as the lead comes in, not when somebody has time: those who are called "
            "early would otherwise be the ones that looked promising.",
            de="Zuteilen, wenn der Lead eintrifft, nicht wenn jemand Zeit hat: Früh angerufen "
            "würden sonst die, die vielversprechend aussahen.",
        ),
    ),
)
