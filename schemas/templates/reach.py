"""Templates about reaching people: the page they land on, and the channels that bring them."""

from decimal import Decimal

from schemas.resources import Side
from schemas.templates.metrics import (
    DEAL_VALUE,
    DEAL_WON,
    FORM_SUBMITTED,
    LEAD_ACCEPTED,
    LEAD_REJECTED,
    UNSUBSCRIBED,
)
from schemas.templates.template import ExperimentTemplate, TemplateVariant, TypicalSize, Words

LANDING_PAGE = ExperimentTemplate(
    key="landing-page",
    name=Words(en="Landing page", de="Landingpage"),
    use_when=Words(
        en="Two versions of the page that a campaign leads to.",
        de="Zwei Fassungen der Seite, zu der eine Kampagne führt.",
    ),
    hypothesis=Words(
        en="Because buyers look for proof from companies like theirs, a page that opens with a "
        "customer's result brings more accounts to hand in the form within 14 days than one that "
        "opens with features.",
        de="Weil Käufer nach Belegen von Firmen wie ihrer suchen, bringt eine Seite, die mit dem "
        "Ergebnis eines Kunden beginnt, mehr Accounts innerhalb von 14 Tagen zum Formular als "
        "eine, die mit Funktionen beginnt.",
    ),
    owner=Side.MARKETING,
    unit="account",
    variants=(
        TemplateVariant(key="features", name=Words(en="Features", de="Funktionen"), control=True),
        TemplateVariant(key="proof", name=Words(en="Customer's result", de="Kundenergebnis")),
    ),
    primary=(FORM_SUBMITTED,),
    secondary=(LEAD_ACCEPTED, DEAL_WON),
    guardrails=((LEAD_REJECTED, Decimal("0.02")),),
    size=TypicalSize(units=4_000, weeks=6, baseline=Decimal("0.03"), shows=Decimal("0.025")),
    advice=(
        Words(
            en="More forms are no success if sales rejects them: hence the guardrail.",
            de="Mehr Formulare sind kein Erfolg, wenn der Vertrieb sie ablehnt: Dafür steht die "
            "Leitplanke.",
        ),
        Words(
            en="Show every visitor of an account the same page. Where page views carry the "
            "variant, a matching exposure rule can read it from `data.variant`.",
            de="Allen Besuchern eines Accounts dieselbe Seite zeigen. Wo Seitenaufrufe die "
            "Variante nennen, kann eine passende Expositionsregel sie aus `data.variant` lesen.",
        ),
    ),
)
CHANNEL_MIX = ExperimentTemplate(
    key="channel-mix",
    name=Words(en="Channel mix", de="Kanalmix"),
    use_when=Words(
        en="Whether budget that moves from one channel to another brings more.",
        de="Ob Budget, das von einem Kanal zum anderen wandert, mehr bringt.",
    ),
    hypothesis=Words(
        en="Because the people who decide rarely see search ads, moving a third of that budget to "
        "events leads to more leads accepted by sales within 30 days at the same cost.",
        de="Weil Entscheider Suchanzeigen selten sehen, führt ein Drittel dieses Budgets für "
        "Veranstaltungen zu mehr vom Vertrieb angenommenen Leads innerhalb von 30 Tagen, bei "
        "gleichen Kosten.",
    ),
    owner=Side.MARKETING,
    unit="account",
    variants=(
        TemplateVariant(key="as-now", name=Words(en="As now", de="Wie jetzt"), control=True),
        TemplateVariant(key="shifted", name=Words(en="Shifted", de="Verschoben")),
    ),
    primary=(LEAD_ACCEPTED,),
    secondary=(DEAL_WON, DEAL_VALUE),
    guardrails=((UNSUBSCRIBED, Decimal("0.01")),),
    size=TypicalSize(units=3_000, weeks=10, baseline=Decimal("0.04"), shows=Decimal("0.033")),
    advice=(
        Words(
            en="Draw the accounts of a target list at random before the budget moves; shares of "
            "touches by channel prove nothing about what would have happened without them.",
            de="Die Accounts einer Zielliste zufällig ziehen, bevor das Budget wandert; Anteile "
            "von Berührungen je Kanal beweisen nichts darüber, was ohne sie geschehen wäre.",
        ),
        Words(
            en="Spend as much on both sides, and write down what was spent.",
            de="Für beide Seiten gleich viel ausgeben, und die Ausgaben festhalten.",
        ),
    ),
)
