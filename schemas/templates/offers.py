"""Templates about selling: what is offered, and how the conversation goes."""

from decimal import Decimal

from schemas.resources import Side
from schemas.templates.metrics import (
    CALLS_MADE,
    DEAL_VALUE,
    DEAL_WON,
    LEAD_REJECTED,
    MEETING_HELD,
    UNSUBSCRIBED,
)
from schemas.templates.template import ExperimentTemplate, TemplateVariant, TypicalSize, Words

OFFER = ExperimentTemplate(
    key="offer",
    name=Words(en="Offer", de="Angebot"),
    use_when=Words(
        en="Two offers to the same kind of account: a trial, a discount, a service on top.",
        de="Zwei Angebote an dieselbe Art von Account: Test, Nachlass, Leistung obendrauf.",
    ),
    hypothesis=Words(
        en="Because the risk of the first months keeps buyers from signing, a pilot that can be "
        "ended leads to more deals won within 90 days than a discount.",
        de="Weil das Risiko der ersten Monate Käufer vom Unterschreiben abhält, führt ein "
        "kündbarer Pilot zu mehr gewonnenen Abschlüssen innerhalb von 90 Tagen als ein Nachlass.",
    ),
    owner=Side.SALES,
    unit="account",
    variants=(
        TemplateVariant(key="discount", name=Words(en="Discount", de="Nachlass"), control=True),
        TemplateVariant(key="pilot", name=Words(en="Pilot", de="Pilot")),
    ),
    primary=(DEAL_WON,),
    secondary=(DEAL_VALUE,),
    guardrails=((LEAD_REJECTED, Decimal("0.03")),),
    size=TypicalSize(units=2_000, weeks=13, baseline=Decimal("0.06"), shows=Decimal("0.048")),
    advice=(
        Words(
            en="Both offers have to be open to every account that is assigned; otherwise sellers "
            "would choose, and the choice would be what is compared.",
            de="Beide Angebote müssen jedem zugeteilten Account offenstehen; sonst wählt der "
            "Vertrieb, und verglichen würde die Auswahl.",
        ),
        Words(
            en="One large deal can outweigh all others: register a cap on the deal value.",
            de="Ein großer Abschluss kann alle anderen überwiegen: Tragen Sie eine Obergrenze für "
            "den Abschlusswert ein.",
        ),
    ),
)
SALES_SCRIPT = ExperimentTemplate(
    key="sales-script",
    name=Words(en="Sales script", de="Gesprächsleitfaden"),
    use_when=Words(
        en="Two ways to lead the first conversation.",
        de="Zwei Arten, das erste Gespräch zu führen.",
    ),
    hypothesis=Words(
        en="Because people talk about what troubles them, a first call that opens with three "
        "questions leads to more meetings held within 30 days than one that presents the product.",
        de="Weil Menschen über das reden, was sie drückt, führt ein erster Anruf mit drei Fragen "
        "zu mehr gehaltenen Terminen innerhalb von 30 Tagen als einer, der das Produkt vorstellt.",
    ),
    owner=Side.SALES,
    unit="account",
    variants=(
        TemplateVariant(
            key="presenting", name=Words(en="Presenting", de="Vorstellen"), control=True
        ),
        TemplateVariant(key="asking", name=Words(en="Asking", de="Fragen")),
    ),
    primary=(MEETING_HELD,),
    secondary=(DEAL_WON,),
    guardrails=((CALLS_MADE, Decimal("1")), (UNSUBSCRIBED, Decimal("0.01"))),
    size=TypicalSize(units=1_000, weeks=8, baseline=Decimal("0.12"), shows=Decimal("0.091")),
    advice=(
        Words(
            en="Assign accounts, not people: everybody uses both scripts. What is compared are "
            "scripts, never those who use them.",
            de="Accounts zuteilen, nicht Menschen: Alle nutzen beide Leitfäden. Verglichen werden "
            "Leitfäden, nie die, die sie nutzen.",
        ),
    ),
)
