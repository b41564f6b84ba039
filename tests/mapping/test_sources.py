"""A source may be declared with a type: what is declared wrongly is told at its place, with its cure."""

from __future__ import annotations

import pytest

from plugin.mapping.load import place_clashes, read_mapping
from plugin.mapping.portal_checks import portal_clashes
from plugin.mapping.portal_facts import PortalFacts, PropertyFacts
from plugin.mapping.positions import read_yaml
from plugin.mapping.readings import Reading

HEAD = "version: 1\ncontact:\n  "


def errors(text: str) -> list[tuple[int, int, str]]:
    found = read_mapping(text.encode())[1]
    return [(f.line, f.column, f"{f.message} {f.cure}") for f in found if f.severity == "error"]


def test_short_and_long_say_the_same_property() -> None:
    """The long form adds how it is read, and changes nothing else."""
    short, _ = read_mapping(b"version: 1\ncontact: {cancelled_on: left_on, markers: [demo]}\n")
    long, faults = read_mapping(
        b"version: 1\ncontact:\n  cancelled_on: {property: left_on, type: date, format: DD.MM.YYYY}\n"
        b"  markers: [{property: demo, type: datetime}]\n"
    )
    assert faults == []
    assert long.contact == short.contact
    assert type(long.contact.cancelled_on) is str
    assert long.readings_of("contact") == {
        "left_on": Reading("date", "DD.MM.YYYY"),
        "demo": Reading("datetime"),
    }


@pytest.mark.parametrize(
    ("source", "column", "said"),
    [
        ("nps: {property: mood}", 8, "lacks type"),
        ("nps: {type: number}", 8, "lacks property"),
        ("nps: {property: mood, type: nmber}", 31, "Did you mean number?"),
        ("nps: {property: mood, type: number, skale: 2}", 39, "Did you mean scale?"),
        (
            "nps: {property: mood, type: number, format: DD}",
            39,
            "of the type date or datetime",
        ),
        ("nps: {property: Mood, type: number}", 19, "It may be mood"),
        ("nps: {property: mood, type: number, decimal: ;}", 48, "Write one of '.', ','"),
        ("nps: {property: mood, type: number, decimal: ',', thousands: ','}", 64, "Name two different signs"),
        ("nps: {property: mood, type: number, scale: 0}", 46, "out of bounds"),
        ("nps: {property: mood, type: date}", 31, "is read as a number, and mood is declared as date"),
        ("nps: {property: mood, type: enumeration, values: {a: b}}", 31, "whose values are numbers"),
        ("nps: {property: mood, type: enumeration, values: {a: 1, b: c}}", 52, "of several kinds"),
        ("nps: {property: mood, type: enumeration, values: {a: 1, A: 2}}", 59, "stands here twice"),
        ("markers: [{property: a, type: date, format: TT.MM.JJJJ}]", 47, "`TT`"),
        ("markers: [{property: a, type: date, format: MM.YYYY}]", 47, "year, month and day"),
        ("markers: [{property: a, type: date, format: DD.MM.YYYY HH:mm}]", 47, "`type: datetime`"),
        ("markers: [{property: a, type: datetime, format: DD.MM.YYYY}]", 51, "`type: date`"),
        ("markers: [a, {property: a, type: date}]", 16, "stands here twice"),
        ("cancelled: {property: a, type: boolean, values: {ja: 1}}", 56, "true or false, without quotes"),
        ("extras: [{property: tier, type: text}]", 12, "part of every outcome"),
    ],
)
def test_a_fault_in_a_declaration_has_its_place_and_cure(source: str, column: int, said: str) -> None:
    found = errors(f"{HEAD}{source}\n")
    assert any(one[:2] == (3, column) and said in one[2] for one in found), found


def test_a_property_is_declared_in_one_way_only() -> None:
    """Twice the same is allowed, and so is a declaration with the bare name elsewhere."""
    twice = "{property: left_on, type: date, format: DD.MM.YYYY}"
    other = "{property: left_on, type: date}"
    assert errors(f"{HEAD}cancelled_on: {twice}\n  key_fields: [left_on]\n  markers: [{twice}]\n") == []
    [(line, _, said)] = errors(f"{HEAD}cancelled_on: {twice}\n  markers: [{other}]\n")
    assert line == 3
    assert "contact.markers and contact.cancelled_on, in two different ways" in said
    text = "version: 1\ncustomer: both\ncontact: {extras: [seats]}\ncompany:\n"
    text += "  extras: [{property: seats, type: number}]\n"
    assert [one[0] for one in errors(text)] == [5]


def test_the_past_is_read_of_what_is_undated_and_of_key_fields() -> None:
    """A date is its own date; how old a key field is, only its past says."""
    text = f"{HEAD}cancelled: gone\n  cancelled_on: left_on\n  markers: [demo]\n  key_fields: [phone, demo]\n"
    mapping, _ = read_mapping(text.encode())
    past = mapping.history_properties("contact")
    assert {"gone", "phone", "demo"} <= set(past)
    assert "left_on" not in past


PORTAL = PortalFacts(
    properties={
        "contact": {
            "left_on": PropertyFacts("left_on", "Left on", "date"),
            "left_text": PropertyFacts("left_text", "Left", "string"),
            "score": PropertyFacts("score", "Score", "number"),
            "mood": PropertyFacts("mood", "Mood", "enumeration", ("Happy", "Sad")),
        },
        "deal": {},
    }
)


@pytest.mark.parametrize(
    ("source", "severity", "said"),
    [
        ("cancelled_on: {property: left_on, type: date, format: DD.MM.YYYY}", "error", "Take `format` out."),
        ("cancelled_on: {property: score, type: date}", "error", "Declare it as what it is: type: number."),
        ("nps: {property: score, type: number, decimal: ','}", "error", "Take `decimal`"),
        ("nps: {property: left_on, type: number}", "error", "is of type date in the portal"),
        (
            "nps: {property: mood, type: enumeration, values: {hapy: 9, sad: 2}}",
            "warning",
            "Did you mean 'Happy'?",
        ),
        ("nps: {property: mood, type: enumeration, values: {happy: 9}}", "warning", "options of mood: Sad"),
        ("cancelled_on: left_text", "warning", "{property: left_text, type: date, format: DD.MM.YYYY}"),
    ],
)
def test_the_portal_s_type_is_held_against_the_declared_one(source: str, severity: str, said: str) -> None:
    """At the line of the source; an undeclared text is answered with the declaration to write."""
    text = f"{HEAD}{source}\n"
    mapping, faults = read_mapping(text.encode())
    assert faults == []
    clashes = portal_clashes(mapping, PORTAL, read_yaml(text.encode()).places)
    found = [(f.line, f.severity, f"{f.message} {f.cure}") for f in place_clashes(text.encode(), clashes)]
    assert any(one[:2] == (3, severity) and said in one[2] for one in found), found


def test_a_declaration_that_fits_the_portal_is_passed_in_silence() -> None:
    text = f"{HEAD}cancelled_on: {{property: left_text, type: date, format: DD.MM.YYYY}}\n  nps: score\n"
    clashes = portal_clashes(read_mapping(text.encode())[0], PORTAL, read_yaml(text.encode()).places)
    assert [f for f in place_clashes(text.encode(), clashes) if f.line >= 3] == []
