import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.characters import is_attribute_text
from schemas.codec import decode, decode_binary, decode_logged, encode
from schemas.envelope import Envelope
from schemas.events import Event, InvalidEvent
from schemas.gate import GateRules, normalise
from schemas.rules import RULES
from schemas.values import are_storable, explain_values
from tests.schemas.events import ABSENT, NOW_US, UNHURRIED, document, documents, events

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def outcome_of(sent: bytes, attributes: dict[str, str] | None = None) -> Event | InvalidEvent:
    try:
        if attributes is not None:
            return decode_binary(attributes, sent, now_us=NOW_US)
        return decode(sent, now_us=NOW_US)
    except InvalidEvent as refusal:
        return refusal


@UNHURRIED
@given(documents())
def test_a_good_event_is_read_and_written_without_a_change(sent: dict[str, Any]) -> None:
    event = decode(json.dumps(sent).encode(), now_us=NOW_US)

    assert event.data == sent["data"]
    assert decode(encode(event), now_us=NOW_US) == event


@UNHURRIED
@given(documents())
def test_how_an_event_is_spelled_does_not_matter(sent: dict[str, Any]) -> None:
    spellings = [
        json.dumps(sent),
        json.dumps(sent, ensure_ascii=False, indent=1),
        json.dumps(dict(reversed(sent.items()))),
    ]

    read = [decode(spelling.encode(), now_us=NOW_US) for spelling in spellings]

    assert read[0] == read[1] == read[2]
    assert encode(read[0]) == encode(read[1])


@UNHURRIED
@given(events())
def test_what_a_door_lets_through_can_be_read_from_the_log(event: Event) -> None:
    accepted = normalise(event, GateRules(b"0123456789abcdef"))

    assert decode_logged(encode(accepted)) == accepted


@UNHURRIED
@given(st.binary() | st.text().map(str.encode) | anything.map(json.dumps).map(str.encode))
def test_whatever_is_sent_is_an_event_or_a_named_refusal(sent: bytes) -> None:
    outcome = outcome_of(sent)

    assert isinstance(outcome, InvalidEvent)
    assert outcome.rule in RULES


@UNHURRIED
@given(
    st.dictionaries(st.sampled_from([*Envelope.__struct_fields__, "subject"]), anything),
    st.booleans(),
)
def test_a_good_event_with_any_attribute_replaced_is_an_event_or_a_named_refusal(
    changes: dict[str, Any], is_escaped: bool
) -> None:
    text = json.dumps(document(**changes), ensure_ascii=is_escaped)

    outcome = outcome_of(text.encode("utf-8", "surrogatepass"))

    if isinstance(outcome, InvalidEvent):
        assert outcome.rule in RULES
        assert outcome.field.isprintable()
        assert outcome.detail.isprintable()
        # The reason of last resort would mean that the judges of an event disagree.
        assert outcome.detail != "this JSON cannot be read"


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["id", "type", "time", "account"]), st.text()), st.binary())
def test_binary_mode_gives_an_event_or_a_named_refusal(
    changes: dict[str, str], body: bytes
) -> None:
    outcome = outcome_of(body, document(data=ABSENT) | changes)

    if isinstance(outcome, InvalidEvent):
        assert outcome.rule in RULES
        assert outcome.detail != "this JSON cannot be read"


@UNHURRIED
@given(st.dictionaries(st.text(), anything))
def test_the_quick_and_the_thorough_judge_of_values_agree(data: dict[str, Any]) -> None:
    is_refused = explain_values(data).detail != "unreadable"

    assert are_storable(data, is_plain=False) == (not is_refused)


def test_the_characters_that_cloudevents_forbids_are_refused_and_no_others() -> None:
    wrong = [
        point for point in range(0x110000) if is_attribute_text(chr(point)) == is_forbidden(point)
    ]

    assert wrong == []


def is_forbidden(point: int) -> bool:
    """CloudEvents 1.0.2, type system, String: written out from the text of the specification."""
    is_control = point <= 0x1F or 0x7F <= point <= 0x9F
    is_noncharacter = 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE
    is_surrogate = 0xD800 <= point <= 0xDFFF
    return is_control or is_noncharacter or is_surrogate
