"""Experiments of the simulated company, with the effect that each variant truly has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class SimulatedVariant:
    """One arm: what it adds to probabilities, and what it multiplies deal values by."""

    key: str
    weight: int = 1
    control: bool = False
    lead_effect: float = 0.0
    """Added to the probability that an account becomes a lead."""
    form_effect: float = 0.0
    """Added to the probability that a contact hands in the form."""
    value_factor: float = 1.0
    """Multiplies the value of a deal."""


@dataclass(frozen=True, kw_only=True)
class SimulatedExperiment:
    """One question, drawn by account: every account meets one variant (a few by mistake, two)."""

    key: str
    name: str
    hypothesis: str
    variants: tuple[SimulatedVariant, ...]
    by_page: bool = False
    """Exposed by viewing a page that names the variant, instead of by an assignment event."""

    def draw(self, random: np.random.Generator) -> int:
        """Return the number of the variant that an account gets."""
        return int(random.choice(len(self.variants), p=self.shares))

    @property
    def shares(self) -> list[float]:
        """The share of accounts that each variant gets."""
        total = sum(variant.weight for variant in self.variants)
        return [variant.weight / total for variant in self.variants]


def lead_probability(base: float, met: Sequence[SimulatedVariant]) -> float:
    """Return the probability that an account which met these variants becomes a lead."""
    return _probability(base + sum(variant.lead_effect for variant in met), "lead")


def form_probability(base: float, met: Sequence[SimulatedVariant]) -> float:
    """Return the mean probability that one of its contacts hands in the form."""
    return _probability(base + sum(variant.form_effect for variant in met), "form")


def value_factor(met: Sequence[SimulatedVariant]) -> float:
    """Return what the variants multiply a deal's value by."""
    product = 1.0
    for variant in met:
        product *= variant.value_factor
    return product


def _probability(value: float, name: str) -> float:
    # Cutting at 0 or 1 would make the true effect another one than was asked for.
    if not 0 < value < 1:
        raise ValueError(f"{name}: the effects of the experiments add up to a probability {value}")
    return value


SUBJECT_LINE = SimulatedExperiment(
    key="welcome-mail",
    name="A welcome mail that names the industry",
    hypothesis="Accounts whose contacts get a welcome mail about their industry become leads more "
    "often, because the first answer to 'is this for us?' is in the subject.",
    variants=(
        SimulatedVariant(key="general", control=True),
        SimulatedVariant(key="industry", lead_effect=0.08, form_effect=0.04),
    ),
)
PRICE_PAGE = SimulatedExperiment(
    key="price-page",
    name="Packages instead of a price per seat",
    hypothesis="Accounts that see packages buy the larger one more often, so that their deals are "
    "worth more, without fewer of them becoming leads.",
    variants=(
        SimulatedVariant(key="per-seat", control=True),
        SimulatedVariant(key="packages", value_factor=1.25),
    ),
    by_page=True,
)
BUTTON_COLOUR = SimulatedExperiment(
    key="button-colour",
    name="A green button",
    hypothesis="A green button on the contact form changes nothing that matters.",
    variants=(SimulatedVariant(key="blue", control=True), SimulatedVariant(key="green")),
)
DEFAULT_EXPERIMENTS = (SUBJECT_LINE, PRICE_PAGE, BUTTON_COLOUR)
