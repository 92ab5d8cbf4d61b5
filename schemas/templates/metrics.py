"""The metrics that templates use; whoever has agreed on others puts those in their place."""

from schemas.resources import MetricKind, Side
from schemas.templates.template import TemplateMetric, Words

MAIL_CLICKED = TemplateMetric(
    key="mail-clicked-7d",
    name=Words(en="Mail clicked", de="Mail angeklickt"),
    meaning=Words(
        en="Somebody clicked a link of a mail within 7 days. Opens are not counted: mail programs "
        "open mails by themselves.",
        de="Jemand hat innerhalb von 7 Tagen einen Link einer Mail angeklickt. Öffnungen zählen "
        "nicht: Mailprogramme öffnen Mails von selbst.",
    ),
    owner=Side.MARKETING,
    kind=MetricKind.CONVERSION,
    types=("engagement.email.clicked",),
    days=7,
)
UNSUBSCRIBED = TemplateMetric(
    key="unsubscribed-30d",
    name=Words(en="Unsubscribed", de="Abgemeldet"),
    meaning=Words(
        en="Somebody wanted no more mails within 30 days.",
        de="Jemand wollte innerhalb von 30 Tagen keine Mails mehr.",
    ),
    owner=Side.MARKETING,
    kind=MetricKind.CONVERSION,
    types=("engagement.email.unsubscribed",),
    days=30,
    direction="decrease",
)
FORM_SUBMITTED = TemplateMetric(
    key="form-submitted-14d",
    name=Words(en="Form submitted", de="Formular abgeschickt"),
    meaning=Words(
        en="Somebody handed in a form within 14 days.",
        de="Jemand hat innerhalb von 14 Tagen ein Formular abgeschickt.",
    ),
    owner=Side.MARKETING,
    kind=MetricKind.CONVERSION,
    types=("engagement.form.submitted",),
    days=14,
)
LEAD_ACCEPTED = TemplateMetric(
    key="lead-accepted-30d",
    name=Words(en="Lead accepted", de="Lead angenommen"),
    meaning=Words(
        en="Sales accepted a lead within 30 days.",
        de="Der Vertrieb hat innerhalb von 30 Tagen einen Lead angenommen.",
    ),
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    types=("lead.accepted",),
    days=30,
)
LEAD_REJECTED = TemplateMetric(
    key="lead-rejected-30d",
    name=Words(en="Lead rejected", de="Lead abgelehnt"),
    meaning=Words(
        en="Sales rejected a lead within 30 days, for whatever reason.",
        de="Der Vertrieb hat innerhalb von 30 Tagen einen Lead abgelehnt, aus welchem Grund auch "
        "immer.",
    ),
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    types=("lead.rejected",),
    days=30,
    direction="decrease",
)
MEETING_HELD = TemplateMetric(
    key="meeting-held-30d",
    name=Words(en="Meeting held", de="Termin gehalten"),
    meaning=Words(
        en="A meeting took place within 30 days; one that was only booked does not count.",
        de="Innerhalb von 30 Tagen fand ein Termin statt; nur vereinbarte zählen nicht.",
    ),
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    types=("engagement.meeting.held",),
    days=30,
)
CALLS_MADE = TemplateMetric(
    key="calls-made-30d",
    name=Words(en="Calls made", de="Anrufe"),
    meaning=Words(
        en="How many calls an account took within 30 days: the effort of sales.",
        de="Wie viele Anrufe ein Account innerhalb von 30 Tagen brauchte: der Aufwand im Vertrieb.",
    ),
    owner=Side.SALES,
    kind=MetricKind.COUNT,
    types=("engagement.call.made",),
    days=30,
    direction="decrease",
)
DEAL_WON = TemplateMetric(
    key="deal-won-90d",
    name=Words(en="Deal won", de="Abschluss gewonnen"),
    meaning=Words(
        en="A deal was won within 90 days.",
        de="Innerhalb von 90 Tagen wurde ein Abschluss gewonnen.",
    ),
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    types=("deal.won",),
    days=90,
)
DEAL_VALUE = TemplateMetric(
    key="deal-value-90d",
    name=Words(en="Deal value", de="Abschlusswert"),
    meaning=Words(
        en="What deals are worth that stand as won 90 days later, in the reporting currency.",
        de="Was Abschlüsse wert sind, die 90 Tage später als gewonnen gelten, in der "
        "Berichtswährung.",
    ),
    owner=Side.SALES,
    kind=MetricKind.LATEST_DEAL_VALUE,
    types=("deal.*",),
    days=90,
)
