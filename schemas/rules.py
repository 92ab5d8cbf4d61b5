"""The rules that an event can break, one sentence each: every refusal names one of these."""

from collections.abc import Mapping
from types import MappingProxyType

RULES: Mapping[str, str] = MappingProxyType(
    {
        "bad_time": "a time is written as RFC 3339 asks, as in 2025-03-01T09:30:00+01:00",
        "before_1970": "a time is at or after 1970-01-01T00:00:00Z",
        "empty": "an attribute that is given says something",
        "forbidden_character": "text holds no control character, noncharacter or lone surrogate",
        "free_mail_domain": "the domain of a free-mail provider is no account",
        "in_the_future": "a time is at most 24 hours ahead of the clock of the gate",
        "integer_out_of_range": "an integer fits into 64 bits",
        "invalid_utf8": "an event is UTF-8",
        "malformed_json": "an event is one JSON value",
        "missing": "what the type requires is there",
        "no_offset": "a time carries its offset from UTC",
        "not_a_list": "this field is a list",
        "not_a_number": "NaN and Infinity are no JSON",
        "not_a_string": "this field is a string",
        "not_an_amount": "an amount is a decimal string or an integer in minor units",
        "not_an_object": "this field is a JSON object",
        "not_json": "data is JSON",
        "number_out_of_range": "a number fits into a double",
        "reserved_prefix": "the name of an account does not start with contact:",
        "schema": "data of an own type fits the JSON Schema registered for it",
        "too_deep": "data nests at most 16 levels deep",
        "too_large": "an event is at most 64 KiB",
        "too_long": "a text stays within the length given for it",
        "too_many": "a list stays within the length given for it",
        "unknown_currency": "a currency is an ISO 4217 code of three capital letters",
        "unknown_type": "a type is built in or registered",
        "unknown_version": "dataschema ends in the type and a version that is known, as in .v1",
        "unsupported": "this form of CloudEvents is not supported",
        "wrong_decimals": "a decimal amount has as many decimals as its currency",
    }
)
