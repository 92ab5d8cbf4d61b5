"""Who sees what, in words: every cell of a policy has its sentence in both languages."""

from itertools import product

import pytest

from schemas.policies import OPEN, READY_MADE, WORKSHOP, Audience, Level, Phase
from transparency.policy_wording import always, explained

LANGUAGES = ("en", "de")


@pytest.mark.parametrize(("policy", "language"), list(product(READY_MADE.values(), LANGUAGES)))
def test_the_table_holds_the_levels_of_the_policy(policy, language):
    rows = explained(policy, language)

    told = {row.audience: {cell.phase: cell.level for cell in row.phases} for row in rows}
    assert told == {a: {p: policy.of(a).at(p) for p in Phase} for a in Audience}


ENGLISH = (
    "Until a review is opened, the other side sees the headline: how many units take part, and "
    "what may be concluded on the primary metrics."
)
GERMAN = (
    "Bis ein Review beginnt, sieht die andere Seite die Kernaussage: wie viele Einheiten "
    "teilnehmen und was sich zu den Hauptmetriken sagen lässt."
)


@pytest.mark.parametrize(("language", "sentence"), [("en", ENGLISH), ("de", GERMAN)])
def test_a_cell_is_a_sentence_that_can_be_read_alone(language, sentence):
    (_, other_side, _) = explained(WORKSHOP, language)

    assert other_side.phases[0].sentence == sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_levels_phases_or_audiences_are_said_alike(language):
    levels = {
        level: OPEN.owner_team.model_copy(update=dict.fromkeys(("running", "decided"), level))
        for level in Level
    }
    policies = [OPEN.model_copy(update={"owner_team": told}) for told in levels.values()]

    rows = [explained(policy, language) for policy in policies]

    running = {row[0].phases[0].sentence for row in rows}
    cells = {cell.sentence for row in rows[0] for cell in row.phases}
    assert (len(running), len(cells)) == (len(Level), len(Audience) * len(Phase))
    assert len({row.who for row in rows[0]}) == len(Audience)
    assert len(set(always(language))) == len(always("en" if language == "de" else "de"))
