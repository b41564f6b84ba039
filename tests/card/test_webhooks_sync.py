"""`lifecycle webhooks sync`: the project's files, and a legacy app's settings, are what the mapping needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from plugin.cli import cli
from plugin.errors import ConfigError, LifecycleError
from plugin.handlers.router import route
from plugin.handlers.subscriptions import subscriptions
from plugin.hubspot.protocol.events import decode_events
from plugin.mapping.bundle import Bundle
from plugin.mapping.load import load_mapping
from plugin.records import configs, portals
from plugin.records.configs import COMMAND, EVERYONE, Origin
from plugin.records.store import Store
from plugin.sandbox.server import SandboxServer
from plugin.sync.project import WEBHOOKS, webhooks_meta

SHIPPED = Path(__file__).parents[2] / "hubspot-app"
ADDRESS = "https://lifecycle.example.com"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project as it is shipped."""
    copy = tmp_path / "app"
    shutil.copytree(SHIPPED / "src", copy / "src")
    return copy


@pytest.fixture
def crm() -> Iterator[SandboxServer]:
    """A stand-in with a legacy app."""
    with SandboxServer() as server:
        yield server


def run(*arguments: str, tmp: Path, **env: str) -> Result:
    """The command's result, its error raised as the command line would print it."""
    settings = {"DATA_DIR": str(tmp / "var"), "PUBLIC_URL": ADDRESS, **env}
    return CliRunner().invoke(cli, ["webhooks", "sync", *arguments], env=settings)


def mapped(tmp: Path, text: str) -> dict[str, str]:
    file = tmp / "mapping.yaml"
    file.write_text(f"version: 1\n{text}")
    return {"LIFECYCLE_CONFIG": str(file)}


def test_the_shipped_project_is_that_of_the_shipped_mapping(tmp_path: Path) -> None:
    """What is committed is what the command writes."""
    shown = run("--check", "--project", str(SHIPPED), tmp=tmp_path)
    assert (shown.exit_code, shown.output) == (0, "Everything is as it should be.\n")


def test_exactly_what_the_mapping_reads_is_subscribed_to() -> None:
    """Every subscription is used by the router, every property that is read has one; ours have none."""
    for text in ({}, {"customer": "both"}):
        mapping = load_mapping(None)
        if text:
            from dataclasses import replace

            mapping = replace(mapping, customer="both")
        meta = webhooks_meta(subscriptions(mapping), ADDRESS)["config"]["subscriptions"]
        named = {
            (one["objectType"], one["propertyName"]) for one in meta["crmObjects"] if "propertyName" in one
        }
        objects = ["contact", "deal", *(["company"] if text else [])]
        assert named == {(kind, name) for kind in objects for name in mapping.read_properties(kind)}
        assert {one["objectType"] for one in meta["crmObjects"]} == set(objects)
        assert meta["hubEvents"] == [{"subscriptionType": "contact.privacyDeletion", "active": True}]
        assert meta["legacyCrmObjects"] == []
        assert all(_looked_at(one, mapping) for one in meta["crmObjects"])


def test_the_webhooks_are_those_that_any_served_portal_has_a_use_for(project: Path, tmp_path: Path) -> None:
    """One portal has a version of its own, one everyone's, one is gone; the file is another text."""
    env = mapped(tmp_path, "contact: {extras: [of_the_file]}\n") | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/s.db"
    }
    store = Store(env["DATABASE_URL"])
    store.migrate()
    with store.write() as connection:
        for portal_id, text in (
            (EVERYONE, "contact: {extras: [of_everyone]}\n"),
            (1, "customer: company\ncompany: {extras: [of_one]}\n"),
            (3, "contact: {extras: [of_the_gone]}\n"),
        ):
            bundle = Bundle("v.yaml", f"version: 1\n{text}".encode())
            configs.add(connection, store, portal_id, bundle, Origin(COMMAND, "a test", 1))
        for portal_id in (1, 2, 3):
            portals.remember(connection, store, portal_id, "UTC", "EUR", "app.hubspot.com")
        portals.change(connection, 3, mode=portals.GONE)
    store.close()
    shown = run("--dry-run", "--project", str(project), tmp=tmp_path, **env)
    assert shown.exit_code == 0, shown.exception
    assert "+ contact.propertyChange of_everyone" in shown.output
    assert "+ company.propertyChange of_one" in shown.output
    assert not {"of_the_file", "of_the_gone"} & set(shown.output.split())


def _looked_at(one: dict[str, Any], mapping: Any) -> bool:
    """Whether an event of this subscription makes the product look at something."""
    kind, event = one["objectType"], one["subscriptionType"]
    type_id = {"contact": "0-1", "company": "0-2", "deal": "0-3"}[kind]
    body: dict[str, Any] = {"objectId": 5, "subscriptionType": event, "portalId": 1, "occurredAt": 1}
    body |= {"objectTypeId": type_id, "eventId": 1}
    if "propertyName" in one:
        body |= {"propertyName": one["propertyName"], "propertyValue": "x"}
    if event.endswith("merge"):
        body |= {"primaryObjectId": 5, "mergedObjectIds": [6]}
    if event.endswith("associationChange"):
        far = "0-1" if kind != "contact" else "0-3"
        body |= {"fromObjectId": 5, "toObjectId": 6, "fromObjectTypeId": type_id, "toObjectTypeId": far}
    return bool(route(decode_events(json.dumps([body]).encode()), mapping).look)


def test_a_change_of_mapping_and_address_is_shown_checked_and_written_once(
    project: Path, tmp_path: Path
) -> None:
    """--dry-run and --check change nothing; the second run finds nothing to do; foreign addresses stay."""
    env = mapped(tmp_path, "contact:\n  nps: our_nps\n") | {"PUBLIC_URL": "https://new.example.org/crm/"}
    app = project / "src/app/app-hsmeta.json"
    meta = json.loads(app.read_text())
    meta["config"]["permittedUrls"]["fetch"].append("https://other.example.com")
    app.write_text(json.dumps(meta))
    before = {path: path.read_text() for path in project.rglob("*") if path.is_file()}
    for option, code in (("--check", 1), ("--dry-run", 0)):
        shown = run(option, "--project", str(project), tmp=tmp_path, **env)
        assert shown.exit_code == code
        assert "+ contact.propertyChange our_nps" in shown.output
        assert "- contact.propertyChange hs_feedback_last_nps_rating" in shown.output
        assert {path: path.read_text() for path in project.rglob("*") if path.is_file()} == before
    assert run("--project", str(project), tmp=tmp_path, **env).exit_code == 0
    written = json.loads((project / WEBHOOKS).read_text())["config"]
    assert written["settings"]["targetUrl"] == "https://new.example.org/crm/webhooks/hubspot"
    config = json.loads(app.read_text())["config"]
    assert config["permittedUrls"]["fetch"] == ["https://new.example.org/crm", "https://other.example.com"]
    assert config["auth"]["redirectUrls"] == ["https://new.example.org/crm/oauth/callback"]
    for page in ("cards", "settings"):
        text = (project / f"src/app/{page}/address.ts").read_text()
        assert "export const ADDRESS = 'https://new.example.org/crm';" in text
    again = run("--check", "--project", str(project), tmp=tmp_path, **env)
    assert (again.exit_code, again.output) == (0, "Everything is as it should be.\n")


@pytest.mark.parametrize(
    ("address", "folder", "said"),
    [("http://localhost:8000", "", "https addresses only"), (ADDRESS, "nowhere", "There is no")],
)
def test_what_cannot_work_is_said_before_anything_is_written(
    project: Path, tmp_path: Path, address: str, folder: str, said: str
) -> None:
    """One clear message."""
    before = {path: path.read_text() for path in project.rglob("*") if path.is_file()}
    where = str(project / folder) if folder else str(project)
    shown = run("--project", where, tmp=tmp_path, PUBLIC_URL=address)
    assert isinstance(shown.exception, LifecycleError)
    assert said in str(shown.exception)
    assert {path: path.read_text() for path in project.rglob("*") if path.is_file()} == before


def test_more_than_hubspot_allows_is_refused() -> None:
    """1000 subscriptions to an app."""
    many = [{"type": "deal.propertyChange", "property": f"p{i}"} for i in range(1001)]
    with pytest.raises(ConfigError, match="1001 subscriptions"):
        webhooks_meta(many, ADDRESS)


def legacy(crm: SandboxServer, tmp: Path, *arguments: str, **env: str) -> Result:
    env = {
        "HUBSPOT_API_URL": crm.url,
        "HUBSPOT_APP_ID": str(crm.store.app.app_id),
        "HUBSPOT_DEVELOPER_KEY": crm.store.app.developer_key,
        **env,
    }
    return run("--legacy", *arguments, tmp=tmp, **env)


def listed(crm: SandboxServer) -> set[tuple[str, str, bool]]:
    found = call(crm, "GET", "/subscriptions").json()["results"]
    return {(one["eventType"], one.get("propertyName", ""), one["active"]) for one in found}


def call(crm: SandboxServer, method: str, path: str, body: Any = None, key: str = "") -> requests.Response:
    root = f"{crm.url}/webhooks/v3/{crm.store.app.app_id}"
    params = {"hapikey": key or crm.store.app.developer_key}
    return requests.request(method, f"{root}{path}", params=params, json=body, timeout=10)


def test_a_legacy_apps_webhooks_become_those_of_the_mapping_and_stay(
    crm: SandboxServer, tmp_path: Path
) -> None:
    """Missing ones are made, sleeping ones woken, others removed; the second run makes no change."""
    call(crm, "POST", "/subscriptions", {"eventType": "ticket.creation", "active": True})
    call(crm, "POST", "/subscriptions", {"eventType": "deal.creation", "active": False})
    dry = legacy(crm, tmp_path, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "- ticket.creation" in dry.output
    assert "+ deal.creation (switched on)" in dry.output
    assert len(listed(crm)) == 2
    assert legacy(crm, tmp_path, "--check").exit_code == 1
    assert legacy(crm, tmp_path).exit_code == 0
    wanted = {(one["type"], one.get("property", ""), True) for one in subscriptions(load_mapping(None))}
    assert listed(crm) == wanted
    settings = call(crm, "GET", "/settings").json()
    assert settings["targetUrl"] == f"{ADDRESS}/webhooks/hubspot"
    requests.delete(f"{crm.url}/sandbox/v1/stats", timeout=10)
    again = legacy(crm, tmp_path)
    assert (again.exit_code, again.output) == (0, "Everything is as it should be.\n")
    calls = requests.get(f"{crm.url}/sandbox/v1/stats", timeout=10).json()["calls"]
    assert {one["method"] for one in calls} == {"GET"}


def test_the_subscriptions_rule_what_the_stand_in_delivers(crm: SandboxServer, tmp_path: Path) -> None:
    """A property that the mapping does not read makes no event; one that it reads makes one."""
    legacy(crm, tmp_path)
    person = int(crm.store.create_record("contact", {"email": "ada@example.com"})["id"])
    crm.store.edit("contact", person, {"firstname": "Ada"})
    crm.store.edit("contact", person, {"hs_analytics_source": "REFERRALS"})
    events = requests.get(f"{crm.url}/sandbox/v1/events", timeout=10).json()["results"]
    named = [one["event"].get("propertyName") for one in events]
    assert "hs_analytics_source" in named
    assert "firstname" not in named


def test_the_stand_in_refuses_what_hubspot_refuses(crm: SandboxServer) -> None:
    """Key, app, kinds, duplicates, the limit, unknown numbers."""
    made = {"eventType": "deal.propertyChange", "propertyName": "amount"}
    assert call(crm, "GET", "/subscriptions", key="wrong").status_code == 401
    assert requests.get(
        f"{crm.url}/webhooks/v3/7/settings", params={"hapikey": crm.store.app.developer_key}, timeout=10
    ).status_code == 404  # fmt: skip
    assert call(crm, "GET", "/settings").status_code == 404
    assert call(crm, "POST", "/subscriptions", made).status_code == 201
    assert call(crm, "POST", "/subscriptions", made).status_code == 409
    for bad in (
        {"eventType": "deal.renamed"},
        {"eventType": "deal.propertyChange"},
        {"eventType": "deal.creation", "propertyName": "amount"},
        {"eventType": "contact.propertyChange", "propertyName": "hs_lastmodifieddate"},
        {"eventType": "deal.creation", "active": "yes"},
    ):
        assert call(crm, "POST", "/subscriptions", bad).status_code == 400, bad
    assert call(crm, "PUT", "/settings", {"targetUrl": "http://example.com"}).status_code == 400
    assert call(crm, "PATCH", "/subscriptions/1", {"eventType": "deal.creation"}).status_code == 400
    assert call(crm, "PATCH", "/subscriptions/1", {"active": True}).json()["active"] is True
    both = {"inputs": [{"id": 1, "active": False}, {"id": 99, "active": True}]}
    answer = call(crm, "POST", "/subscriptions/batch/update", both)
    assert (answer.status_code, len(answer.json()["results"]), answer.json()["numErrors"]) == (207, 1, 1)
    assert call(crm, "DELETE", "/subscriptions/1").status_code == 204
    assert call(crm, "DELETE", "/subscriptions/1").status_code == 404


@pytest.mark.parametrize("missing", ["HUBSPOT_APP_ID", "HUBSPOT_DEVELOPER_KEY"])
def test_what_a_legacy_app_needs_is_asked_for(crm: SandboxServer, tmp_path: Path, missing: str) -> None:
    """By the setting's name."""
    shown = legacy(crm, tmp_path, **{missing: ""})
    assert isinstance(shown.exception, ConfigError)
    assert missing in str(shown.exception)
