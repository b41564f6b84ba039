"""Exports in the sandbox: as strict as HubSpot, made later, one at a time, behind a link that runs out."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from plugin.clock import FixedClock, milliseconds
from plugin.hubspot.protocol.exports import start_request
from plugin.sandbox.portals import Portal as Account
from plugin.sandbox.portals import Token
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World, WorldRecord
from tests.conftest import NOON

SUMMER = datetime(2026, 7, 1, 10, 0, 59, 999_000, tzinfo=UTC)


class Portal:
    """A sandbox in Berlin with three contacts of a company, and exports as an app asks for them."""

    def __init__(self, crm: SandboxServer, clock: FixedClock) -> None:
        self.crm, self.clock, self.token = crm, clock, crm.token

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.crm.url}/crm/exports/2026-09/export/async{path}"
        return requests.request(method, url, headers=headers, timeout=10, json=body)

    def ask(self, **changes: Any) -> requests.Response:
        body = start_request("contact", ["city", "createdate"], ["company"], "all").body
        return self.call("POST", "", body | changes)

    def state(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/tasks/{number}/status").json()
        return found

    def made(self, **changes: Any) -> str:
        """The link of an export that is complete."""
        number = self.ask(**changes).json()["id"]
        for _ in range(3):
            state = self.state(number)
            self.clock.sleep(11)
        assert state["status"] == "COMPLETE"
        return str(self.state(number)["result"])

    def settings(self, **changes: Any) -> None:
        self.crm.store.add_portal(self.crm.store.portals.get().merged(changes))


@pytest.fixture
def portal() -> Any:
    clock = FixedClock(NOON)
    world = World(time_zone="Europe/Berlin", companies=[WorldRecord(9, {"name": "A"}, 1_700_000_000_000)])
    for n, city in enumerate(['Bonn, "Rhein"\nNord', "=1+1", ""], 1):
        made = {"city": city, "createdate": SUMMER.isoformat()}
        links = [("company", 9, 279), ("company", 9, 1)] if n == 1 else []
        world.contacts.append(WorldRecord(n, made, milliseconds(SUMMER), associations=links))
    with SandboxServer(clock=clock, world=world, portal=Account(burst_limit=1_000)) as crm:
        yield Portal(crm, clock)


def rows(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode())))


def test_a_file_has_internal_names_local_minutes_and_links_with_their_labels(portal: Portal) -> None:
    """Cut to the minute in the portal's zone, formulas escaped."""
    found = rows(requests.get(portal.made(), timeout=10).content)
    head = ["Record ID", "city", "createdate", "Associated Company IDs", "Associated Company IDs (Primary)"]
    assert found[0] == head
    assert found[1] == ["1", 'Bonn, "Rhein"\nNord', "2026-07-01 12:00", "9", "9"]
    assert found[2] == ["2", "'=1+1", "2026-07-01 12:00", "", ""]


def test_exports_are_made_one_after_the_other(portal: Portal) -> None:
    """The second waits for the first."""
    first, second = portal.ask().json()["id"], portal.ask().json()["id"]
    seen = []
    for _ in range(5):
        seen.append((portal.state(first)["status"], portal.state(second)["status"]))
        portal.clock.sleep(5)
    assert seen == [
        ("PENDING", "PENDING"),
        ("PROCESSING", "PENDING"),
        ("COMPLETE", "PENDING"),
        ("COMPLETE", "PROCESSING"),
        ("COMPLETE", "COMPLETE"),
    ]


def test_a_link_opens_for_five_minutes_and_without_credentials_only(portal: Portal) -> None:
    """The status gives a new one."""
    link = portal.made()
    assert requests.get(link, headers={"Authorization": "Bearer x"}, timeout=10).status_code == 400
    assert requests.get(link.replace("signature=", "signature=0"), timeout=10).status_code == 403
    portal.clock.sleep(301)
    assert requests.get(link, timeout=10).status_code == 403
    assert requests.get(portal.made(), timeout=10).status_code == 200


def test_large_files_are_zipped_and_long_ones_parted(portal: Portal) -> None:
    """Each part with its header."""
    portal.settings(export_zip_bytes=10)
    packed = zipfile.ZipFile(io.BytesIO(requests.get(portal.made(), timeout=10).content))
    assert [len(rows(packed.read(name))) for name in packed.namelist()] == [4]
    portal.settings(export_part_rows=2)
    packed = zipfile.ZipFile(io.BytesIO(requests.get(portal.made(), timeout=10).content))
    assert [len(rows(packed.read(name))) for name in packed.namelist()] == [3, 2]


def test_thirty_exports_in_a_day_are_the_most(portal: Portal) -> None:
    """In any 24 hours."""
    assert {portal.ask().status_code for _ in range(30)} == {202}
    assert portal.ask().status_code == 429
    portal.clock.sleep(86_401)
    assert portal.ask().status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"objectProperties": ["no_such"]},
        {"objectType": "no_such"},
        {"language": "XX"},
        {"format": "PDF"},
        {"exportInternalValuesOptions": ["LABELS"]},
        {"associatedObjectType": ["0-2"] * 5},
    ],
)
def test_what_hubspot_would_not_export_is_refused(portal: Portal, changes: dict[str, Any]) -> None:
    assert portal.ask(**changes).status_code == 400


def test_it_takes_the_scope(portal: Portal) -> None:
    """As any token that was granted less."""
    with portal.crm.store.write() as conn:
        token = Token("narrow", portal.crm.store.portals.get().id, "access", None, ("crm.import",))
        portal.crm.store.portals.add_token(conn, token)
    portal.token = "narrow"
    assert portal.ask().status_code == 403
    assert portal.ask().json()["category"] == "MISSING_SCOPES"
