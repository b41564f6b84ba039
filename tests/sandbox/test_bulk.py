"""Imports in the sandbox: as strict as HubSpot, written later, with errors by row."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import requests

from plugin.clock import FixedClock
from plugin.hubspot.protocol import imports
from plugin.sandbox.portals import Token
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord
from tests.conftest import NOON
from tests.sandbox.conftest import Receiver

COLUMNS = [
    {"columnObjectTypeId": "0-1", "columnName": "Record ID", "columnType": "HUBSPOT_OBJECT_ID"},
    {"columnObjectTypeId": "0-1", "columnName": "city", "propertyName": "city"},
]


def request(columns: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    page = {"hasHeader": True, "columnMappings": COLUMNS if columns is None else columns}
    file = {"fileName": "a.csv", "fileFormat": "CSV", "fileImportPage": page}
    return {"name": "x", "importOperations": {"0-1": "UPDATE"}, "files": [file]} | changes


class Portal:
    """A sandbox with three contacts, and imports as an app asks for them."""

    def __init__(self, crm: SandboxServer, clock: FixedClock) -> None:
        self.crm, self.clock, self.token = crm, clock, crm.token

    def call(self, method: str, path: str = "", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.crm.url}/crm/imports/2026-09{path}"
        return requests.request(method, url, headers=headers, timeout=10, **more)

    def give(self, text: str, body: dict[str, Any] | None = None) -> requests.Response:
        form = {"importRequest": (None, orjson.dumps(body or request())), "files": ("a.csv", text.encode())}
        return self.call("POST", files=form)


@pytest.fixture
def portal(receiver: Receiver) -> Any:
    clock = FixedClock(NOON)
    world = World()
    for n in (1, 2, 3):
        world.contacts.append(WorldRecord(n, {"email": f"c{n}@example.com"}, 1_700_000_000_000))
    with SandboxServer(clock=clock, world=world) as crm:
        crm.configure_webhooks(target_url=receiver.url)
        yield Portal(crm, clock)


def test_an_import_is_written_after_a_while_and_told_as_an_import(portal: Portal, receiver: Receiver) -> None:
    """STARTED, PROCESSING, DONE by the sandbox's clock; an empty cell changes nothing."""
    begun = portal.give("Record ID,city\n1,Bonn\n2,\n").json()
    seen = [begun["state"]]
    for _ in range(3):
        portal.clock.sleep(4)
        seen.append(portal.call("GET", f"/{begun['id']}").json()["state"])
    assert seen == ["STARTED", "PROCESSING", "PROCESSING", "DONE"]
    assert portal.crm.drained()
    told = [one for _, body in receiver.requests for one in orjson.loads(body)]
    assert [(one["objectId"], one["changeSource"]) for one in told if one["propertyName"] == "city"] == [
        (1, "IMPORT")
    ]


def test_bad_rows_are_errors_and_the_others_land(portal: Portal) -> None:
    """The page of errors names line and column, as the product's reader takes them."""
    columns = [
        *COLUMNS,
        {"columnObjectTypeId": "0-1", "columnName": "stage", "propertyName": "lifecyclestage"},
    ]
    given = portal.give("Record ID,city,stage\n1,Bonn,none\n77,Ulm,lead\n3,Kiel,lead\n", request(columns))
    number = given.json()["id"]
    portal.clock.sleep(10)
    assert imports.state(portal.call("GET", f"/{number}").json()) == imports.Import(number, "DONE", 3)
    first = portal.call("GET", f"/{number}/errors", params={"limit": 1}).json()
    after = first["paging"]["next"]["after"]
    second = portal.call("GET", f"/{number}/errors", params={"limit": 1, "after": after}).json()
    found = [imports.fault(one["results"][0], ["city", "lifecyclestage"]) for one in (first, second)]
    assert [(one.row, one.code, one.property) for one in found] == [
        (0, "INVALID_ENUMERATION_OPTION", "lifecyclestage"),
        (1, "INVALID_OBJECT_ID", ""),
    ]
    assert "paging" not in second


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Record ID,city\n", request()),
        ("Record ID,town\n1,Bonn\n", request()),
        ("Record ID,city\n1,Bonn\n", request(COLUMNS[1:])),
        ("Record ID,city\n1,Bonn\n", request([COLUMNS[0], {**COLUMNS[1], "propertyName": "nothing"}])),
        ("Record ID,city\n1,Bonn\n", request([COLUMNS[0], {**COLUMNS[1], "propertyName": "createdate"}])),
        ("Record ID,city\n1,Bonn\n", request(importOperations={})),
        ("Record ID,city\n1,Bonn\n", request(files=[])),
    ],
)
def test_a_request_that_does_not_fit_its_file_is_refused(
    portal: Portal, text: str, body: dict[str, Any]
) -> None:
    """At once, with 400: no rows, other columns, no id, an unknown or read-only property, no operation."""
    assert portal.give(text, body).status_code == 400


def test_the_scope_is_needed(portal: Portal) -> None:
    """403, with the scope that is missing."""
    store = portal.crm.store
    with store.write() as conn:
        held = ("crm.objects.contacts.write",)
        store.portals.add_token(conn, Token("narrow", store.portals.get().id, "static", None, held))
    portal.token = "narrow"
    refused = portal.give("Record ID,city\n1,Bonn\n")
    assert (refused.status_code, "crm.import" in refused.text) == (403, True)
