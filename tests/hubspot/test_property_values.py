"""What is known before sending: our rules for values against a CRM that checks them on arrival."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.hubspot.protocol.definitions import Option, PropertyDefinition
from plugin.hubspot.protocol.property_values import LONGEST_TEXT, fault_of
from plugin.sandbox.definitions import Property
from plugin.sandbox.problems import BadValue
from plugin.sandbox.values import checked

OPTIONS = ("lead", "loyal", "0", "a b")
KINDS = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "booleancheckbox",
    "enumeration": "select",
}


def ours(kind: str, field: str, *, read_only: bool = False) -> PropertyDefinition:
    options = tuple(Option(one, one.title()) for one in OPTIONS) if kind == "enumeration" else ()
    return PropertyDefinition("clm_x", "X", kind, field, "customer_lifecycle", "", options, read_only)


def theirs(kind: str, field: str) -> Property:
    options = [{"value": one, "label": one.title()} for one in OPTIONS] if kind == "enumeration" else []
    return Property("clm_x", "X", kind, field, "customer_lifecycle", options)


def refusal(kind: str, field: str, value: str) -> str | None:
    """The code with which the CRM refuses the value."""
    try:
        checked(theirs(kind, field), value)
    except BadValue as error:
        return error.code
    return None


VALUES = st.one_of(
    st.sampled_from(["", "1", "-1.5", "1e5", "NaN", "Infinity", "1_0", "true", "TRUE", "yes", "lead", "a b"]),
    st.sampled_from(["lead;loyal", ";lead", "lead;nobody", "2026-02-30", "2026-02-28T10:00Z"]),
    st.sampled_from(["1767225600000", "1767225600001", " 5", "5 ", "lead ", "20260228", "2026-W09-6"]),
    st.dates().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=12),
)


@pytest.mark.parametrize(("kind", "field"), [*KINDS.items(), ("enumeration", "checkbox")])
@given(value=VALUES)
def test_what_we_hold_back_is_what_the_crm_would_refuse(kind: str, field: str, value: str) -> None:
    """Nothing good is held back, and nothing bad of ours fails a batch."""
    fault = fault_of("clm_x", ours(kind, field), value)
    assert (fault[0] if fault else None) == refusal(kind, field, value)


@pytest.mark.parametrize(
    ("definition", "value", "code"),
    [
        (None, "x", "PROPERTY_DOESNT_EXIST"),
        (None, "", "PROPERTY_DOESNT_EXIST"),
        (ours("string", "text", read_only=True), "", "READ_ONLY_VALUE"),
        (ours("string", "text"), "x" * (LONGEST_TEXT + 1), "INVALID_STRING_LENGTH"),
        (ours("string", "text"), "x" * LONGEST_TEXT, None),
        (ours("enumeration", "select"), "nobody", "INVALID_OPTION"),
    ],
)
def test_the_code_is_the_one_that_the_crm_would_give(definition: Any, value: str, code: str | None) -> None:
    """So that a value held back is parked and cured like one refused."""
    fault = fault_of("clm_x", definition, value)
    assert (fault[0] if fault else None) == code
