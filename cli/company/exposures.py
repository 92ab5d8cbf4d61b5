"""An account meets its experiments: one variant of each, a few accounts by mistake a second one."""

import numpy as np

from cli.company.diary import MAIL, WEB, Diary
from cli.company.experiments import SimulatedExperiment, SimulatedVariant
from cli.company.shape import DAY_US, HOUR_US


def meet(
    random: np.random.Generator,
    diary: Diary,
    experiments: tuple[SimulatedExperiment, ...],
    mixed_share: float,
) -> tuple[list[SimulatedVariant], set[str]]:
    """Note the exposures; return the variants that have an effect and the experiments mixed up."""
    met: list[SimulatedVariant] = []
    mixed: set[str] = set()
    for experiment in experiments:
        number = experiment.draw(random)
        variant = experiment.variants[number]
        met.append(variant)
        _note(diary, experiment, variant, diary.account.entry_us)
        # Coming back is no second exposure; coming back to another variant makes a mixed unit.
        again = variant
        if random.random() < mixed_share:
            again = experiment.variants[(number + 1) % len(experiment.variants)]
        time_us = diary.account.entry_us + HOUR_US + int(random.random() * 3 * DAY_US)
        if again is not variant and _note(diary, experiment, again, time_us):
            mixed.add(experiment.key)
        elif again is variant and random.random() < 0.3:
            _note(diary, experiment, again, time_us)
    return met, mixed


def _note(
    diary: Diary, experiment: SimulatedExperiment, variant: SimulatedVariant, time_us: int
) -> bool:
    contact = diary.account.contacts[0]
    belongs = {"campaign": diary.account.campaign, "content": f"{experiment.key}-{variant.key}"}
    if experiment.by_page:
        data = {"url": "/prices", "test": experiment.key, "variant": variant.key}
        return diary.note(
            WEB, "engagement.page.viewed", time_us, contact=contact, data=data, **belongs
        )
    data = {"experiment": experiment.key, "variant": variant.key}
    return diary.note(MAIL, "experiment.exposure", time_us, contact=contact, data=data, **belongs)
