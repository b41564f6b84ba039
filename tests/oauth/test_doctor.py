"""The doctor: every part looked at whatever the others say, each fault with its cure, nothing changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from plugin import wiring
from plugin.cli.checks import house
from plugin.cli.checks.check import FAIL, OK, SKIP, WARN, Check, run
from plugin.cli.checks.portal import portal_checks
from plugin.cli.checks.subscriptions import subscription_checks
from plugin.cli.doctor import _summary
from plugin.clock import FixedClock
from plugin.handlers.subscriptions import subscriptions
from plugin.hubspot import scopes
from plugin.hubspot.protocol.signatures import TIMESTAMP_HEADER, V3_HEADER
from plugin.records import accounts, portals
from plugin.records.store import Store
from plugin.sandbox.server import SandboxServer
from plugin.settings import load
from plugin.vault import new_key
from plugin.web import receiver
from tests.conftest import NOON
from tests.support import running
from tests.support.many import FIRST, Many, many


@pytest.fixture
def installed(tmp_path: Path, clock: FixedClock) -> Iterator[Many]:
    """One portal by OAuth, provisioned, on SQLite: nothing here depends on the database."""
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    with many(store, clock) as made:
        made.install(FIRST)
        yield made
    store.close()


def by_name(checks: Any) -> dict[str, Check]:
    return {check.name.removeprefix(f"portal {FIRST}: "): check for check in checks}


def states(checks: Any) -> dict[str, str]:
    return {name: check.state for name, check in by_name(checks).items()}


def test_a_portal_that_is_well_is_told_so(installed: Many) -> None:
    """But for webhooks, which never came yet."""
    found = states(portal_checks(installed.context, FIRST))
    assert found.pop("webhooks") == WARN
    assert set(found) == {"access", "scopes", "contact properties", "loads", "work"}
    assert set(found.values()) == {OK}


def test_refused_webhooks_are_told_in_place_of_none_that_came(installed: Many) -> None:
    """Since when, how many, why and the cure; no more once one was taken, but again after it."""
    context = installed.context
    app = Flask("receiver")
    app.register_blueprint(receiver.blueprint(context, context.store, "s3cret", "http://localhost:8000"))
    client = app.test_client()

    def refused(**headers: str) -> Check:
        context.clock.sleep(61)
        assert client.post("/webhooks/hubspot", data=b"[]", headers=headers).status_code == 401
        return by_name(portal_checks(context, FIRST))["webhooks"]

    wrong = {V3_HEADER: "no", TIMESTAMP_HEADER: str(context.now())}
    assert "the signature is missing (1)" in refused().finding
    told = refused(**wrong)
    assert told.state == WARN
    assert "at least 2 refused and none taken since 2026-11-22 at 12:01 UTC" in told.finding
    assert "the signature does not fit (1), the signature is missing (1)" in told.finding
    assert "must be http://localhost:8000/webhooks/hubspot, as PUBLIC_URL says" in told.cure
    with context.store.write() as connection:
        portals.change(connection, FIRST, last_incremental=context.now() + 1)
    assert states(portal_checks(context, FIRST))["webhooks"] == OK
    assert refused().state == OK  # somebody else's, where webhooks do come in
    again = refused(**wrong)
    assert (again.state, "at least 2 refused" in again.finding) == (WARN, True)


def test_how_a_load_would_go_is_said_and_why_not_otherwise(installed: Many) -> None:
    """A scope that HUBSPOT_BULK needs and the portal did not grant is a warning with its cure."""
    told = by_name(portal_checks(installed.context, FIRST))["loads"]
    assert (told.state, told.finding) == (
        OK,
        "reads by pages (HUBSPOT_BULK is off), writes by batches (HUBSPOT_BULK is off)",
    )
    bulk = replace(installed.context, bulk="on")
    assert "an export has no dated values" in by_name(portal_checks(bulk, FIRST))["loads"].finding
    break_scopes(installed)
    lacking = by_name(portal_checks(bulk, FIRST))["loads"]
    assert lacking.state == WARN
    assert "crm.import" in lacking.finding + lacking.cure


def break_property(home: Many) -> None:
    home.context.crm(FIRST, "live").delete_property("contact", "clm_stage")


def break_options(home: Many) -> None:
    home.context.crm(FIRST, "live").update_property("contact", "clm_risk_level", {"options": []})


def break_scopes(home: Many) -> None:
    with home.context.store.write() as connection:
        connection.execute(accounts.accounts.update().values(scopes="oauth crm.objects.contacts.read"))


def break_access(home: Many) -> None:
    home.control("POST", f"uninstall?portal={FIRST}")
    home.context.clock.sleep(60)


@pytest.mark.parametrize(
    ("break_it", "name", "finding", "cure"),
    [
        (break_property, "contact properties", "clm_stage is missing", "lifecycle install"),
        (break_options, "contact properties", "lacks the options", "lifecycle install"),
        (break_scopes, "scopes", "crm.schemas.contacts.write", "install again"),
        (break_access, "access", "no longer installed", "/oauth/install"),
    ],
)
def test_each_fault_of_a_portal_is_found_with_its_cure(
    installed: Many, break_it: Callable[[Many], None], name: str, finding: str, cure: str
) -> None:
    """And the other checks are made all the same."""
    break_it(installed)
    found = by_name(portal_checks(installed.context, FIRST))
    assert found[name].state == FAIL
    assert finding in found[name].finding
    assert cure in found[name].cure
    assert len(found) >= 4


def test_a_portal_that_left_is_no_fault(installed: Many) -> None:
    """It says until when its data is kept."""
    from plugin.jobs.uninstall import leave

    leave(installed.context, FIRST)
    (check,) = portal_checks(installed.context, FIRST)
    assert (check.state, "2026-12-23" in check.finding) == (OK, True)


@pytest.mark.parametrize(("skew", "state"), [(0, OK), (-40, WARN), (100, WARN), (400, FAIL), (-55, FAIL)])
def test_a_clock_that_goes_wrong_is_found_by_hubspots_own(skew: int, state: str) -> None:
    """Signatures older than five minutes are refused."""
    with SandboxServer(clock=FixedClock(NOON)) as crm:
        ours = FixedClock(NOON + timedelta(seconds=skew))
        assert states(house.crm_checks(crm.url, ours)) == {"crm": OK, "clock": state}


def test_an_end_of_support_is_told_in_time() -> None:
    """HubSpot supports a dated version for about eighteen months."""
    found = [states(house.version_checks(day))["api version"] for day in _days()]
    assert found == [OK, WARN, FAIL]


def _days() -> list[date]:
    return [date(2026, 11, 22), date(2028, 1, 1), date(2028, 4, 1)]


def test_a_database_of_another_version_is_told(tmp_path: Path) -> None:
    """Empty, behind, and as it should be."""
    import sqlalchemy as sa

    url = f"sqlite:///{tmp_path / 'x.db'}"
    (empty,) = house.store_checks(url)
    assert (empty.state, "lifecycle migrate" in empty.cure) == (FAIL, True)
    store = Store(url)
    store.migrate()
    assert states(house.store_checks(url)) == {"store": OK}
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    (behind,) = house.store_checks(url)
    assert (behind.state, "lifecycle migrate" in behind.cure) == (FAIL, True)
    store.close()


def test_settings_that_are_allowed_and_still_wrong_are_told() -> None:
    """http in front of the real HubSpot, two ways in at once, secrets that each machine makes for itself."""
    env = {
        "HUBSPOT_ACCESS_TOKEN": "x",
        "HUBSPOT_CLIENT_ID": "y",
        "PUBLIC_URL": "http://example.com",
        "DATABASE_URL": "postgresql://u@h/n",
    }
    found = states(house.settings_checks(load(env)))
    assert {name for name, state in found.items() if state != OK} == {
        "settings: HUBSPOT_CLIENT_SECRET",
        "settings: mode",
        "settings: PUBLIC_URL",
        "settings: SECRET_KEY",
        "settings: ADMIN_TOKEN",
    }


def test_keys_that_are_older_or_lost_are_told(installed: Many) -> None:
    """Before a process fails for it."""
    env = {
        "HUBSPOT_CLIENT_ID": "x",
        "HUBSPOT_CLIENT_SECRET": "y",
        "DATABASE_URL": str(installed.context.store.url),
    }
    own = installed.settings.encryption_keys[0]
    expected = {own: OK, f"{new_key()},{own}": WARN, new_key(): FAIL}
    for keys, state in expected.items():
        assert states(house.key_checks(load({**env, "ENCRYPTION_KEYS": keys}))) == {"keys": state}


def project(folder: Path, pairs: list[dict[str, str]], target: str) -> Path:
    """A developer project with these webhooks."""
    listed = [
        {
            "subscriptionType": f"object.{one['type'].partition('.')[2]}",
            "objectType": one["type"].partition(".")[0],
            **({"propertyName": one["property"]} if "property" in one else {}),
            "active": True,
        }
        for one in pairs
        if one["type"] != "contact.privacyDeletion"
    ]
    hub = [{"subscriptionType": "contact.privacyDeletion", "active": True}]
    config = {"settings": {"targetUrl": target}, "subscriptions": {"crmObjects": listed, "hubEvents": hub}}
    file = folder / "src/app/webhooks/webhooks-hsmeta.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"uid": "x", "type": "webhooks", "config": config}))
    return folder


def test_webhook_subscriptions_are_compared_with_the_mapping(installed: Many, tmp_path: Path) -> None:
    """Of the project's file, and of a legacy app; where neither can be seen, it says so."""
    mapping, chosen = installed.context.mapping, installed.settings
    wanted, target = subscriptions(mapping), f"{chosen.public_url}/webhooks/hubspot"
    whole = project(tmp_path / "a", wanted, target)
    assert states(subscription_checks(chosen, [mapping], whole)) == {
        "subscriptions": OK,
        "webhook target": OK,
    }
    short = project(tmp_path / "b", wanted[1:], "https://elsewhere.example")
    found = by_name(subscription_checks(chosen, [mapping], short))
    assert (found["subscriptions"].state, found["webhook target"].state) == (FAIL, FAIL)
    assert wanted[0]["type"] in found["subscriptions"].finding
    more = project(tmp_path / "c", [*wanted, {"type": "deal.propertyChange", "property": "zzz"}], target)
    assert states(subscription_checks(chosen, [mapping], more))["subscriptions"] == WARN
    (unseen,) = subscription_checks(chosen, [mapping], tmp_path / "none")
    assert (unseen.state, "not looked at" in unseen.finding) == (SKIP, True)


def test_a_legacy_apps_subscriptions_are_read_by_the_developers_key(installed: Many, tmp_path: Path) -> None:
    """A wrong key is told, and does not show."""
    from dataclasses import replace

    installed.control("POST", "app", developer_key="the-developers-key")
    mapping = installed.context.mapping
    url = f"{installed.crm.url}/webhooks/v3/1234567/subscriptions?hapikey=the-developers-key"
    for one in subscriptions(mapping):
        named = {"propertyName": one["property"]} if "property" in one else {}
        made = requests.post(url, json={"eventType": one["type"], "active": True, **named}, timeout=10)
        assert made.status_code == 201, made.text
    chosen = replace(installed.settings, app_id="1234567", developer_key="the-developers-key")
    assert states(subscription_checks(chosen, [mapping], tmp_path)) == {"subscriptions": OK}
    wrong = replace(chosen, developer_key="sesame")
    (check,) = run("subscriptions", lambda: subscription_checks(wrong, [mapping], tmp_path))
    assert (check.state, "sesame" in repr(check)) == (FAIL, False)


def test_a_check_that_breaks_is_a_finding_and_no_end() -> None:
    """Whatever it raises."""

    def breaks() -> Iterator[Check]:
        yield Check("first", OK, "")
        raise ZeroDivisionError("oh")

    assert [check.state for check in run("x", breaks)] == [OK, FAIL]


def test_the_command_goes_on_when_parts_are_down_and_its_exit_says_so(tmp_path: Path) -> None:
    """Store and queue gone: their faults with cures, and the rest is looked at."""
    with SandboxServer() as crm:
        broken = {
            "PATH": str(Path(sys.executable).parent),
            "DATA_DIR": str(tmp_path),
            "HUBSPOT_API_URL": crm.url,
            "HUBSPOT_ACCESS_TOKEN": crm.token,
            "HUBSPOT_CLIENT_SECRET": "x",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        }
        looked = running.run(broken, "doctor", "--json")
    told = {check["name"]: check for check in json.loads(looked.stdout)["checks"]}
    assert looked.returncode == 1
    found = {
        name: told[name]["state"] for name in ("store", "queue", "crm", "mapping", "subscriptions", "clock")
    }
    assert [name for name, state in found.items() if state == FAIL] == ["store", "queue"]
    assert all(told[name]["cure"] for name in ("store", "queue", "settings: SECRET_KEY"))
    assert not list(tmp_path.glob("*.db"))
    nothing = running.run({"PATH": broken["PATH"]}, "doctor")
    assert (nothing.returncode, "HUBSPOT_CLIENT_ID" in nothing.stdout) == (1, True)


def test_the_projects_scopes_and_way_back_are_those_that_the_app_asks_for(tmp_path: Path) -> None:
    """HubSpot refuses an install address that differs from the project by a letter."""
    real = Path(__file__).parents[2] / "hubspot-app"
    auth = json.loads((real / "src/app/app-hsmeta.json").read_text())["config"]["auth"]
    assert set(auth["requiredScopes"]) == set(scopes.REQUIRED)
    assert set(auth["optionalScopes"]) == set(scopes.OPTIONAL)
    back = auth["redirectUrls"][0]
    env = {"HUBSPOT_CLIENT_ID": "x", "PUBLIC_URL": back.removesuffix("/oauth/callback")}
    mapping = wiring.rules(None)[0]
    assert set(states(subscription_checks(load(env), [mapping], real)).values()) == {OK}
    moved = states(subscription_checks(load({**env, "PUBLIC_URL": "https://x.example"}), [mapping], real))
    assert (moved["project"], moved["webhook target"]) == (FAIL, FAIL)


def test_a_project_that_nobody_set_up_yet_is_not_called_broken() -> None:
    """Somebody who tries the product on a machine of his own has no project to put right."""
    real = Path(__file__).parents[2] / "hubspot-app"
    mapping = wiring.rules(None)[0]
    [check] = subscription_checks(load({"HUBSPOT_ACCESS_TOKEN": "x"}), [mapping], real)
    assert (check.name, check.state) == ("subscriptions", WARN)
    assert "not set up for an account yet" in check.finding
    assert "needs none" in check.cure


def test_the_last_line_says_what_the_findings_are_worth() -> None:
    """A newcomer cannot weigh warnings."""
    assert _summary([OK, OK]) == "All is well."
    assert _summary([OK, SKIP]) == "All is well; 1 could not be looked at from here."
    assert _summary([OK, WARN]).startswith("Nothing is broken; 1 warning is of what is not begun yet")
    assert _summary([FAIL, WARN, WARN]) == "1 check failed: each says its cure. 2 warnings are beside."
