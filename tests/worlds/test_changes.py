"""Random changes can be made one after another, and say how to make them through the CRM's API."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
import requests

from plugin.sandbox.loaders import Change, generate, random_changes
from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    return generate(300, 1, end=date(2026, 11, 22))


def test_a_seed_names_one_list_and_the_world_stays(world):
    """The same changes again; the world is as it was."""
    before = repr(world)
    assert random_changes(world, 200, 5, now=NOW) == random_changes(world, 200, 5, now=NOW)
    assert random_changes(world, 200, 5, now=NOW) != random_changes(world, 200, 6, now=NOW)
    assert repr(world) == before


def test_every_kind_of_change_is_in_a_long_list(world):
    """Exactly as many as asked for; merges only on request."""
    changes = random_changes(world, 2000, 1, now=NOW, merges=True)
    assert len(changes) == 2000
    actions = Counter(c.action for c in changes)
    assert set(actions) == {"update", "create", "archive", "associate", "dissociate", "merge"}
    names = Counter(name for c in changes if c.action == "update" for name in c.values)
    assert {"amount", "dealstage", "closedate", "hs_feedback_last_nps_rating"} <= set(names)
    assert "merge" not in Counter(c.action for c in random_changes(world, 2000, 1, now=NOW))


def test_no_change_touches_what_an_earlier_one_removed(world):
    """Played in order, each finds its records; an association is added once and removed where it is."""
    gone: set[int] = set()
    links = {(d.id, i) for d in world.deals for kind, i, _ in d.associations if kind == "contact"}
    for change in random_changes(world, 3000, 2, now=NOW, merges=True):
        touched = {change.id} | ({change.other[1]} if change.other else set())
        assert not touched & gone
        if change.action == "archive":
            gone.add(change.id)
        if change.action == "merge":
            gone |= touched
        if change.action in {"associate", "dissociate"}:
            pair = (change.id, change.other[1])
            assert (pair in links) is (change.action == "dissociate")
            links ^= {pair}


def test_dates_lie_before_now_but_for_hopes(world):
    """A new order is not of tomorrow."""
    for change in random_changes(world, 1000, 3, now=NOW):
        if change.action == "create":
            assert datetime.fromisoformat(change.values["closedate"]) <= NOW


def test_an_empty_world_has_no_changes():
    """It does not hang."""
    assert random_changes(World(), 10, 1) == []


@pytest.mark.parametrize(
    ("change", "request_line"),
    [
        (
            Change("update", "deal", 9, {"amount": "1"}),
            ("PATCH", "/crm/objects/2026-09/deals/9", {"properties": {"amount": "1"}}),
        ),
        (Change("archive", "contact", 5), ("DELETE", "/crm/objects/2026-09/contacts/5", None)),
        (
            Change("merge", "contact", 5, {}, ("contact", 6)),
            ("POST", "/crm/objects/2026-09/contacts/merge", {"primaryObjectId": "5", "objectIdToMerge": "6"}),
        ),
        (
            Change("dissociate", "deal", 9, {}, ("contact", 5)),
            (
                "POST",
                "/crm/associations/2026-09/deals/contacts/batch/archive",
                {"inputs": [{"from": {"id": "9"}, "to": [{"id": "5"}]}]},
            ),
        ),
    ],
)
def test_a_change_is_one_call_of_the_dated_api(change, request_line):
    """Method, path and body as HubSpot documents them."""
    assert change.request() == request_line


def test_a_new_deal_comes_with_its_contact():
    """Type 3 is deal to contact."""
    body = Change("create", "deal", 0, {"amount": "5"}, ("contact", 7)).request().body
    assert body["associations"][0]["to"] == {"id": "7"}
    assert body["associations"][0]["types"][0]["associationTypeId"] == 3


def test_every_change_can_be_made_through_the_crms_api():
    """Five hundred in a row on a running sandbox: none is refused."""
    small = generate(150, 4, end=date(2026, 11, 22))
    with SandboxServer(world=small, portal=Portal(burst_limit=100_000)) as crm, requests.Session() as session:
        session.headers["Authorization"] = "Bearer sandbox-token"
        for change in random_changes(small, 500, 9, now=NOW, merges=True):
            call = change.request()
            answer = session.request(call.method, crm.url + call.path, json=call.body, timeout=10)
            assert answer.status_code in {200, 201, 204}, (change, answer.text)
