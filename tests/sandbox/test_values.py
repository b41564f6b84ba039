"""Values: what each property type takes, how it is written back, and HubSpot's words for a refusal."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.values import iso, moment_of
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people

STAGES = ["subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"]


@pytest.fixture
def contact(sandbox: SandboxServer, api: Api) -> int:
    sandbox.store.load(World(contacts=people(1)))
    for name, type_name, field in (
        ("score", "number", "number"), ("born_on", "date", "date"), ("seen_at", "datetime", "date"),
        ("agreed", "bool", "booleancheckbox"),
    ):  # fmt: skip
        define(api, name, type_name, field)
    options = [{"label": letter, "value": letter} for letter in "ABC"]
    define(api, "likes", "enumeration", "checkbox", options=options)
    return 1


def define(api: Api, name: str, type_name: str, field: str, **more: object) -> None:
    body = {"name": name, "label": name, "type": type_name, "fieldType": field,
            "groupName": "contactinformation", **more}  # fmt: skip
    assert api.call("POST", "/crm/properties/2026-09/contacts", body).status_code == 201


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("score", "12.50", "12.50"),
        ("score", 7, "7"),
        ("score", "-1e3", "-1e3"),
        ("born_on", "2026-02-28", "2026-02-28"),
        ("born_on", "1772236800000", "2026-02-28"),
        ("born_on", 1772236800000, "2026-02-28"),
        ("seen_at", "2026-02-28T12:00:00+02:00", "2026-02-28T10:00:00.000Z"),
        ("seen_at", 1772236800123, "2026-02-28T00:00:00.123Z"),
        ("seen_at", "2026-02-28", "2026-02-28T00:00:00.000Z"),
        ("agreed", True, "true"),
        ("agreed", "FALSE", "false"),
        ("likes", "B;A", "B;A"),
        ("likes", "A;A", "A"),
        ("firstname", " spaces stay ", " spaces stay "),
        ("firstname", "ж" * 65_536, "ж" * 65_536),
        ("email", " New@Example.ORG ", "new@example.org"),
        ("hs_feedback_last_nps_rating", "10", "10"),
    ],
)
def test_values_come_back_as_hubspot_writes_them(
    api: Api, contact: int, name: str, given: object, kept: str
) -> None:
    assert api.update("contacts", contact, **{name: given}).status_code == 200
    assert api.value("contacts", contact, name) == kept


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("nonsense", "1", "PROPERTY_DOESNT_EXIST"),
        ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
        ("num_associated_deals", "1", "READ_ONLY_VALUE"),
        ("lifecyclestage", "churned", "INVALID_OPTION"),
        ("lifecyclestage", "Customer", "INVALID_OPTION"),  # the label is not the value
        ("likes", "A;D", "INVALID_OPTION"),
        ("agreed", "yes", "INVALID_OPTION"),
        ("score", "twelve", "INVALID_NUMBER"),
        ("score", "NaN", "INVALID_NUMBER"),
        ("score", "1,000", "INVALID_NUMBER"),
        ("born_on", "2026-02-30", "INVALID_DATE"),
        ("born_on", "28.02.2026", "INVALID_DATE"),
        ("born_on", "2026-02-28T00:00:00Z", "INVALID_DATE"),
        ("born_on", "1772236800001", "INVALID_DATE"),  # not midnight UTC
        ("seen_at", "yesterday", "INVALID_DATE"),
        ("seen_at", "9" * 15, "INVALID_DATE"),
        ("score", " 12", "LEADING_TRAILING_WHITESPACE"),
        ("firstname", "x" * 65_537, "INVALID_STRING_LENGTH"),
        ("email", "nobody", "INVALID_EMAIL"),
    ],
)
def test_bad_values_are_refused_by_name(api: Api, contact: int, name: str, given: str, code: str) -> None:
    refused = api.update("contacts", contact, **{name: given})
    body = refused.json()
    assert refused.status_code == 400
    assert body["status"] == "error"
    assert body["category"] == "VALIDATION_ERROR"
    assert body["correlationId"]
    assert [(one["code"], one["context"]) for one in body["errors"]] == [(code, {"propertyName": [name]})]
    listed = orjson.loads(body["message"].removeprefix("Property values were not valid: "))
    assert [(one["error"], one["name"], one["isValid"]) for one in listed] == [(code, name, False)]


def test_every_bad_value_is_named(api: Api, contact: int) -> None:
    body = api.update("contacts", contact, score="x", born_on="y", city="fine").json()
    assert [one["code"] for one in body["errors"]] == ["INVALID_NUMBER", "INVALID_DATE"]
    assert api.value("contacts", contact, "city") is None


def test_an_empty_value_clears(api: Api, contact: int) -> None:
    api.update("contacts", contact, score="5")
    api.update("contacts", contact, score="")
    assert api.value("contacts", contact, "score") == ""
    found = api.search("contacts", {"propertyName": "score", "operator": "HAS_PROPERTY"})
    assert found.json()["total"] == 0


def test_a_leading_semicolon_appends(api: Api, contact: int) -> None:
    api.update("contacts", contact, likes="A")
    api.update("contacts", contact, likes=";C;A")
    assert api.value("contacts", contact, "likes") == "A;C"
    api.update("contacts", contact, likes="B")
    assert api.value("contacts", contact, "likes") == "B"


def test_a_backward_lifecyclestage_is_silently_ignored(api: Api, contact: int) -> None:
    api.update("contacts", contact, lifecyclestage="customer")
    answer = api.update("contacts", contact, lifecyclestage="lead", city="Oslo")
    assert answer.status_code == 200
    assert api.value("contacts", contact, "lifecyclestage") == "customer"
    assert api.value("contacts", contact, "city") == "Oslo"


def test_a_batch_ignores_backward_stages_too(api: Api, contact: int) -> None:
    api.update("contacts", contact, lifecyclestage="customer")
    inputs = [{"id": str(contact), "properties": {"lifecyclestage": "lead"}}]
    assert api.objects("POST", "contacts/batch/update", {"inputs": inputs}).status_code == 200
    assert api.value("contacts", contact, "lifecyclestage") == "customer"


def test_clearing_and_setting_in_two_requests_goes_back(api: Api, contact: int) -> None:
    api.update("contacts", contact, lifecyclestage="customer")
    api.update("contacts", contact, lifecyclestage="")
    api.update("contacts", contact, lifecyclestage="lead")
    assert api.value("contacts", contact, "lifecyclestage") == "lead"


@pytest.mark.parametrize("stage", STAGES)
def test_forward_stages_are_taken(api: Api, contact: int, stage: str) -> None:
    api.update("contacts", contact, lifecyclestage="subscriber")
    api.update("contacts", contact, lifecyclestage=stage)
    assert api.value("contacts", contact, "lifecyclestage") == stage


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_moments_survive_being_written_and_read(moment: int) -> None:
    if moment >= -30_610_224_000_000:  # strftime writes years below 1000 with fewer digits
        assert moment_of(iso(moment)) == moment
