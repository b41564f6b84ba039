"""Storms: every kind of failure, for a time, for a number of calls, before or after the work."""

from __future__ import annotations

import pytest
import requests

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people


@pytest.mark.parametrize("status", [423, 429, 477, 500, 502, 503, 504, 524])
def test_a_status_strikes_the_next_calls(api: Api, status: int) -> None:
    api.control("POST", "faults", {"kind": str(status), "calls": 2, "retry_after": 3})
    answers = [api.objects("GET", "contacts") for _ in range(3)]
    assert [one.status_code for one in answers] == [status, status, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert answers[0].json()["status"] == "error"


def test_a_daily_429_says_so(api: Api) -> None:
    api.control("POST", "faults", {"kind": "429", "calls": 1, "policy": "DAILY"})
    refused = api.objects("GET", "contacts")
    assert refused.json()["policyName"] == "DAILY"
    assert "Retry-After" not in refused.headers


def test_a_storm_may_rage_on_one_path_and_method_only(api: Api) -> None:
    fault = {"kind": "503", "path": "/crm/objects", "contains": "deals", "method": "get"}
    api.control("POST", "faults", fault)
    assert api.objects("GET", "deals").status_code == 503
    assert api.objects("GET", "contacts").status_code == 200
    assert api.objects("POST", "deals", {"properties": {"dealname": "D"}}).status_code == 201
    assert api.control("DELETE", "faults").status_code == 204
    assert api.objects("GET", "deals").status_code == 200


def test_a_probability_strikes_some(api: Api) -> None:
    api.control("POST", "faults", {"kind": "502", "probability": 0.5})
    statuses = {api.objects("GET", "contacts").status_code for _ in range(60)}
    assert statuses == {200, 502}


def test_a_storm_ends_by_itself(api: Api) -> None:
    api.control("POST", "faults", {"kind": "503", "seconds": 0})
    assert api.control("GET", "faults").json()["results"] == []
    assert api.objects("GET", "contacts").status_code == 200


def test_a_reset_cuts_the_connection(api: Api) -> None:
    api.control("POST", "faults", {"kind": "reset", "calls": 1})
    with pytest.raises(requests.ConnectionError):
        api.objects("GET", "contacts")
    assert api.objects("GET", "contacts").status_code == 200


def test_a_hang_outlasts_the_client(api: Api) -> None:
    api.control("POST", "faults", {"kind": "hang", "calls": 1, "hold": 5})
    with pytest.raises(requests.Timeout):
        api.session.get(f"{api.server.url}/crm/v3/objects/contacts", timeout=0.2)
    assert api.objects("GET", "contacts").status_code == 200


@pytest.mark.parametrize("kind", ["reset", "502"])
def test_an_answer_may_be_lost_after_the_work_is_done(sandbox: SandboxServer, api: Api, kind: str) -> None:
    sandbox.store.load(World(contacts=people(1)))
    api.control("POST", "faults", {"kind": kind, "calls": 1, "after": True})
    if kind == "reset":
        with pytest.raises(requests.ConnectionError):
            api.update("contacts", 1, city="Oslo")
    else:
        assert api.update("contacts", 1, city="Oslo").status_code == 502
    assert api.value("contacts", 1, "city") == "Oslo"


def test_a_gateway_answers_with_a_page(api: Api) -> None:
    api.control("POST", "faults", {"kind": "502", "html": True, "calls": 1})
    answer = api.objects("GET", "contacts")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_an_unknown_fault_is_refused(api: Api) -> None:
    assert api.control("POST", "faults", {"kind": "earthquake"}).status_code == 400
    assert api.control("POST", "faults", {"kind": "500", "often": 1}).status_code == 400
