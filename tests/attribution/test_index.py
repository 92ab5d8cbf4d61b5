"""An event costs what it can touch, not what is registered."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.definitions import Definition
from attribution.filters import predicate
from attribution.index import DefinitionIndex
from schemas.events import Event
from schemas.resources import Condition, EventFilter, MatchingExposure
from tests.attribution.company import defined, event, exposure
from tests.attribution.histories import compiled, histories, questions

SENT = ("engagement.email.sent",)
RULE = defined(exposure=MatchingExposure(filter=EventFilter(types=SENT), variant_from="content"))


class Asked:
    """Counts how often definitions were asked whether an event is their exposure."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, definition: Definition) -> Definition:
        is_exposure = definition.exposure.is_exposure

        def counted(one: Event) -> bool:
            self.count += 1
            return is_exposure(one)

        return replace(definition, exposure=replace(definition.exposure, is_exposure=counted))


def matching(number: int, *where: Condition, types: tuple[str, ...] = SENT) -> Definition:
    """The definition of a rule; made from one that was compiled, for the sake of thousands."""
    wanted = EventFilter(types=types, where=where)
    exposure = replace(RULE.exposure, filter=wanted, is_exposure=predicate(wanted))
    return replace(RULE, id=number, exposure=exposure)


def campaign(name: str) -> Condition:
    return Condition(field="campaign", value=name)


def numbers(definitions: Iterable[Definition]) -> list[int]:
    return sorted(definition.id for definition in definitions)


def test_of_ten_thousand_matching_rules_an_event_asks_only_its_candidates() -> None:
    asked = Asked()
    rules = [matching(number, campaign(f"c{number}")) for number in range(10_000)]
    index = DefinitionIndex(map(asked, rules))

    found = index.exposable(event("engagement.email.sent", campaign="c4711"))

    assert numbers(found) == [4711]
    assert asked.count == 1


def test_an_event_of_another_type_or_value_asks_nobody() -> None:
    asked = Asked()
    rules = [matching(number, campaign(f"c{number}")) for number in range(50)]
    index = DefinitionIndex(map(asked, rules))

    assert index.exposable(event("engagement.email.opened", campaign="c1")) == []
    assert index.exposable(event("engagement.email.sent", campaign="c99")) == []
    assert index.exposable(event("engagement.email.sent")) == []
    assert asked.count == 0


def test_an_exposure_event_of_ten_thousand_assigned_experiments_asks_nobody() -> None:
    asked = Asked()
    base = defined()
    index = DefinitionIndex(
        asked(replace(base, id=n, experiment=f"experiment-{n}")) for n in range(10_000)
    )

    found = index.exposable(exposure("mail", data={"experiment": "experiment-4711"}))

    assert numbers(found) == [4711]
    assert asked.count == 0


def test_a_rule_without_equality_is_asked_by_every_event_of_its_types() -> None:
    asked = Asked()
    wide = Condition(field="campaign", op="exists", value=True)
    index = DefinitionIndex([asked(matching(1, wide, types=("engagement.*",)))])

    assert numbers(index.exposable(event("engagement.email.sent", campaign="x"))) == [1]
    assert index.exposable(event("engagement.page.viewed")) == []
    assert index.exposable(event("lead.accepted", campaign="x")) == []
    assert asked.count == 2


def test_a_rule_is_filed_under_its_first_equality_and_meets_all_its_conditions() -> None:
    large = Condition(field="data.size", op="gte", value=10)
    rule = matching(1, large, campaign("spring"), types=("engagement.*",))
    index = DefinitionIndex([rule])

    both = event("engagement.email.sent", campaign="spring", data={"size": 10})
    small = event("engagement.email.sent", campaign="spring", data={"size": 9})

    assert numbers(index.exposable(both)) == [1]
    assert index.exposable(small) == []


def test_true_and_one_share_a_place_in_the_index_and_stay_apart() -> None:
    rules = [
        matching(1, Condition(field="data.arm", value=True)),
        matching(2, Condition(field="data.arm", value=1)),
        matching(3, Condition(field="data.arm", value="1")),
    ]
    index = DefinitionIndex(rules)

    def found(arm: object) -> list[int]:
        return numbers(index.exposable(event(SENT[0], data={"arm": arm})))

    assert [found(True), found(1), found(1.0), found("1")] == [[1], [2], [2], [3]]
    assert [found([1]), found({"1": 1}), found(None)] == [[], [], []]


def test_an_exposure_event_can_match_rules_beside_the_experiment_it_names() -> None:
    named = defined(number=1)
    rule = matching(2, campaign("spring"), types=("experiment.*",))
    index = DefinitionIndex([named, rule])

    assert numbers(index.exposable(exposure("mail", campaign="spring"))) == [1, 2]
    assert numbers(index.exposable(exposure("mail", campaign="fall"))) == [1]
    assert numbers(DefinitionIndex([rule]).exposable(exposure("mail", campaign="spring"))) == [2]


def test_an_index_of_nothing_finds_nothing() -> None:
    assert DefinitionIndex([]).exposable(exposure("mail")) == []
    assert DefinitionIndex([]).exposable(event("lead.accepted")) == []


@settings(deadline=None)
@given(st.data())
def test_the_index_finds_exactly_the_definitions_that_say_yes(data: st.DataObject) -> None:
    definitions = [compiled(data.draw(questions(number))) for number in range(3)]
    index = DefinitionIndex(definitions)

    for one in data.draw(histories()):
        expected = [d.id for d in definitions if d.exposure.is_exposure(one)]
        assert numbers(index.exposable(one)) == expected
