"""A portal's value models as its admin meets them: published or not and why, looked back on, adopted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from plugin.cli import cli
from plugin.clock import SystemClock
from plugin.errors import InputError
from plugin.jobs import fit
from plugin.jobs.context import Context
from plugin.jobs.fit import Account
from plugin.jobs.status import status
from plugin.lifecycle.parameters import Parameters
from plugin.records import portals
from plugin.records.portals import Portal
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.support.house import ADMIN, House, house


@pytest.fixture
def home(
    tmp_path: Path, redis_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A loaded portal of so many customers, and the environment in which the commands find it."""
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    world = cdnow(SystemClock().now().date(), limit=request.param)
    with house(store, SystemClock(), world) as made:  # type: ignore[arg-type]
        environment = {
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}",
            "REDIS_URL": redis_url,
            "HUBSPOT_API_URL": made.crm.url,
            "HUBSPOT_BURST_LIMIT": "10000",
            "HUBSPOT_ACCESS_TOKEN": made.crm.token,
            "HUBSPOT_CLIENT_SECRET": made.crm.secret,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        made.load()
        yield made
    store.close()


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    if result.exception and not isinstance(result.exception, (SystemExit, InputError)):
        raise result.exception
    return result


def in_force(home: House) -> Parameters:
    with home.context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
        assert portal is not None
        found = portals.current_parameters(connection, portal)
    assert found is not None
    return found


def put_in_force(home: House, wanted: Parameters) -> bool:
    with home.context.store.write() as connection:
        return portals.adopt(connection, home.context.store, home.portal_id, wanted, home.context.now())


def customer(home: House, number: int) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    told = requests.get(f"{home.url}/api/v1/customers/{number}", headers=headers, timeout=10)
    found: dict[str, Any] = told.json()
    return found


@pytest.mark.parametrize("home", [25], indirect=True)
def test_below_the_data_gate_everybody_is_told_why(home: House) -> None:
    """Status, command, API and explanation say what is missing; a portal without a past has no backtest."""
    said = "customers, 100 needed"
    told = status(home.context)["portals"][0]["predictions"]["contact"]
    assert (told["published"], told["model"]) == (False, None)
    assert said in told["reasons"][0]
    number = next(iter(home.standing()))
    because = customer(home, number)["no_predictions_because"]
    assert said in because[0]
    assert customer(home, number)["metrics"]["clv"] is None
    assert f"No prediction: {because[0]}" in run("explain", str(number)).output
    assert "nothing is predicted, because" in run("clv", "show").output
    assert said in run("status").output
    assert isinstance(run("clv", "adopt").exception, InputError)


@pytest.mark.parametrize("home", [200], indirect=True)
def test_a_portals_models_are_shown_looked_back_on_refitted_and_adopted(home: House, tmp_path: Path) -> None:
    """The same look back from the store and from what was exported; a waiting fit takes a yes."""
    shown = json.loads(run("clv", "show", "--json").output)["objects"]["contact"]
    assert (shown["published"], shown["waiting"]) == (True, None)
    assert shown["backtest"]["origins"]
    assert customer(home, next(iter(home.standing())))["no_predictions_because"] == []

    own = run("backtest", "--format", "json", "--origins", "2")
    assert run("export", "--records", str(tmp_path / "dump")).exit_code == 0
    exported = run("backtest", "--records", str(tmp_path / "dump"), "--format", "json", "--origins", "2")
    found = json.loads(own.output)
    assert (len(found["origins"]), found) == (2, json.loads(exported.output))
    assert found["origins"][0]["customers"] == shown["customers"]
    assert isinstance(run("backtest", "--object", "company").exception, InputError)
    assert run("backtest", "dump", "--portal", "1").exit_code == 2

    contracts = json.loads(run("clv", "fit", "--model", "sbg", "--period", "month", "--json").output)
    assert contracts["customers"] == shown["customers"]
    assert 0 < contracts["retention"][0] < 1

    before = in_force(home)
    assert json.loads(run("clv", "fit", "--json").output)["version"] == before.version
    section = dict((before.value or {})["contact"])
    waiting = {**section, "total": section["total"] * 2}
    held = replace(
        before,
        version=before.version + 1,
        value={"contact": {**section, "adopted": False, "waiting": waiting}},
    )
    assert put_in_force(home, held)
    assert status(home.context)["portals"][0]["predictions"]["contact"]["waiting"] == waiting["total"]
    assert "waits" in run("clv", "show").output
    assert "In force now" in run("clv", "adopt").output
    after = in_force(home)
    assert (after.version, (after.value or {})["contact"]) == (held.version + 1, waiting)
    assert run("clv", "fit", "--model", "bg-nbd").exit_code == 2


@pytest.mark.parametrize("home", [25], indirect=True)
def test_what_is_put_in_force_while_a_fit_runs_is_not_lost(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fit takes seconds; an admin's yes, or another fit, may come between its reading and its end."""
    before, looked = in_force(home), fit.fitted
    yes = replace(before, version=before.version + 1, value={"contact": {"of": "an admin"}})
    seen: list[int] = []

    def slow(context: Context, portal: Portal, present: Parameters | None) -> tuple[Parameters, Account]:
        found, account = looked(context, portal, present)
        seen.append(found.version)
        if len(seen) == 1:
            assert put_in_force(home, yes)
        return replace(found, value={"contact": {"of": f"fit {len(seen)}"}}), account

    monkeypatch.setattr(fit, "fitted", slow)
    fit.fit_portal(home.context, home.portal_id)
    assert seen == [yes.version, yes.version + 1]
    assert (in_force(home).version, in_force(home).value) == (yes.version + 1, {"contact": {"of": "fit 2"}})
    assert not put_in_force(home, yes)
