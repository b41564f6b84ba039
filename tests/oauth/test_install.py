"""From a person's click to a portal that is read and computed, in observe mode."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from plugin.hubspot import scopes
from plugin.jobs.arrive import arrive
from plugin.jobs.live import go_live
from plugin.jobs.preview import run_preview
from plugin.records import accounts
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.many import FIRST, SECOND, Many, query_of
from tests.support.versions import at


def test_the_way_to_hubspot_asks_for_the_projects_scopes_and_names_the_exact_way_back(home: Many) -> None:
    """A link with other scopes or another address is refused by HubSpot."""
    address = home.begin(home.browser())
    asked = query_of(address)
    assert address.startswith(f"{home.crm.url}/oauth/authorize?")
    assert asked["redirect_uri"] == home.callback
    assert asked["scope"].split() == list(scopes.REQUIRED)
    assert asked["optional_scope"].split() == list(scopes.OPTIONAL)
    assert asked["client_id"] == home.crm.store.app.client_id


def test_a_person_who_agrees_ends_on_a_page_that_says_what_was_made(home: Many) -> None:
    """First that it is on its way, then what was made, and that nothing is written."""
    person = home.browser()
    page = home.connect(FIRST, person)
    assert (page.status_code, urlsplit(page.url).path) == (200, "/oauth/installed")
    assert urlsplit(page.url).query == ""  # neither code nor state stays in the address
    assert "being made" in page.text
    assert home.account().state == accounts.INSTALLING
    arrive(home.context, FIRST, lambda: True)
    page = person.get(page.url, timeout=10)
    assert "contact: clm_stage created" in page.text
    assert "observe mode" in page.text
    assert home.mode() == "observe"
    assert home.account().state == accounts.INSTALLED


def test_the_pages_are_neither_kept_nor_framed_and_tell_no_other_site(home: Many) -> None:
    """Code and state stand in an address."""
    for path in ("/oauth/install", "/oauth/callback?code=x&state=y", "/oauth/installed"):
        headers = requests.get(home.url + path, allow_redirects=False, timeout=10).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_portal_is_read_and_computed_by_itself_and_written_when_it_goes_live(home: Many) -> None:
    """The admin of the portal has no command line."""
    world = cdnow(NOON.date(), limit=20)
    world.portal_id = FIRST
    home.crm.store.load(world)
    home.install(FIRST)
    assert home.account().report["customers"] == 20
    assert run_preview(home.context, FIRST).as_dict()["customers"] == 20
    assert home.calls(at("/crm/v3/objects/contacts/batch/update")) == 0
    go_live(home.context, FIRST)
    from plugin.jobs import sweeps

    sweeps.mark_what_is_due(home.context)
    home.settle(FIRST)
    stages = [one["properties"].get("clm_stage") for one in home.crm.store.listed("contact", portal=FIRST)]
    assert len(stages) == 20
    assert all(stages)


def test_a_load_goes_on_in_the_next_slice_where_the_last_one_ended(home: Many) -> None:
    """A job is short; a portal of millions takes many."""
    world = cdnow(NOON.date(), limit=250)
    world.portal_id = FIRST
    home.crm.store.load(world)
    home.connect(FIRST)
    slices = 0
    while home.account().state != accounts.INSTALLED:
        arrive(home.context, FIRST, lambda: False)
        slices += 1
        assert slices < 50
    assert slices > 3
    assert home.account().report["customers"] == 250


def test_companies_are_asked_for_and_done_without(home: Many) -> None:
    """An optional scope that a portal's tier lacks stops nothing, and the page says what is left out."""
    home.control("POST", "portals", id=FIRST, withheld_scopes=["crm.lists.read"])
    page = home.connect(FIRST)
    assert "going live for the members of a list" in page.text
    assert "crm.lists.read" not in home.account().scopes


def test_two_portals_are_installed_beside_each_other(home: Many) -> None:
    """Each by its own admin, in its own browser."""
    home.install(FIRST, SECOND)
    with home.context.store.read() as connection:
        assert accounts.installed(connection) == [FIRST, SECOND]
    assert home.tokens.token(FIRST) != home.tokens.token(SECOND)
    assert home.context.crm(SECOND, "live").account().portal_id == SECOND


def test_a_crm_that_is_away_for_a_while_puts_the_installation_off(home: Many) -> None:
    """The page says what is the matter; the next turn finishes it."""
    person = home.browser()
    page = home.connect(FIRST, person)
    home.control("POST", "faults", kind="503", path=at("/crm/v3/properties"), probability=1)
    arrive(home.context, FIRST, lambda: True)
    account = home.account()
    assert (account.state, account.tries) == (accounts.INSTALLING, 1)
    assert "Workers try again" in person.get(page.url, timeout=10).text
    home.control("DELETE", "faults")
    home.context.clock.sleep(120)
    arrive(home.context, FIRST, lambda: True)
    assert home.account().state == accounts.INSTALLED
    assert "Workers try again" not in person.get(page.url, timeout=10).text


def test_what_cannot_go_well_ends_with_its_cure_on_the_page(home: Many) -> None:
    """A property of another's by our name."""
    body = {"name": "clm_stage", "label": "x", "type": "string", "fieldType": "text"}
    person = home.browser()
    page = home.connect(FIRST, person)
    token = home.tokens.token(FIRST)
    made = requests.post(
        f"{home.crm.url}/crm/properties/2026-09/contacts",
        json={**body, "groupName": "contactinformation"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert made.ok, made.text
    arrive(home.context, FIRST, lambda: True)
    assert home.account().state == accounts.FAILED
    shown = person.get(page.url, timeout=10).text
    assert "it is not ours" in shown
    assert "mapping file" in shown


def test_a_server_of_one_portal_by_token_says_so(home: Many) -> None:
    """Instead of sending people to an app that is not there."""
    from plugin.web.app import WebParts, create_app

    parts = WebParts(home.context, home.context.store, "s", home.url, "a", lambda: None)
    answer = create_app(parts).test_client().get("/oauth/install")
    assert (answer.status_code, "access token" in answer.text) == (404, True)
