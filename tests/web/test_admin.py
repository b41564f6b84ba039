"""The admin's pages: closed to strangers and to other people's forms, true to the status, and they act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from markupsafe import escape

from plugin.clock import FixedClock
from plugin.jobs.status import status
from plugin.lifecycle.reading import account_lines
from plugin.records import parked, portals
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.web.admin_view import read_lines
from tests.conftest import NOON
from tests.support.house import ADMIN, House, house


@pytest.fixture
def home(store: Store, clock: FixedClock) -> Iterator[House]:
    """A loaded portal of twenty customers in observe mode."""
    with house(store, clock, cdnow(NOON.date(), limit=20)) as made:
        made.load(live=False)
        made.settle()
        yield made


@pytest.fixture
def browser(home: House) -> requests.Session:
    """Signed in."""
    session = requests.Session()
    answer = session.post(f"{home.url}/admin/sign-in", data={"admin_token": ADMIN}, timeout=10)
    assert answer.status_code == 200
    return session


def page(home: House, browser: requests.Session) -> str:
    return browser.get(f"{home.url}/admin/portals/{home.portal_id}", timeout=10).text


def press(home: House, browser: requests.Session, action: str, **fields: str) -> requests.Response:
    """Send a form as the page has it."""
    token = re.search(r'name="token" value="([^"]+)"', page(home, browser))
    assert token is not None
    url = f"{home.url}/admin/portals/{home.portal_id}/{action}"
    return browser.post(url, data={"token": token[1], **fields}, timeout=10)


def mode(home: House) -> tuple[str, int]:
    with home.context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
    assert portal is not None
    return portal.mode, portal.share


def test_a_stranger_sees_the_door_and_nothing_else(home: House) -> None:
    """Every page leads to the door, a wrong token does not open it, a forged cookie neither."""
    for path in ("", f"portals/{home.portal_id}", f"portals/{home.portal_id}/now"):
        answer = requests.get(f"{home.url}/admin/{path}", allow_redirects=False, timeout=10)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/sign-in")
        forged = requests.get(
            f"{home.url}/admin/{path}",
            cookies={"lifecycle_admin": "x.y.z"},
            allow_redirects=False,
            timeout=10,
        )
        assert forged.status_code == 302
    wrong = requests.post(f"{home.url}/admin/sign-in", data={"admin_token": ADMIN + "x"}, timeout=10)
    assert (wrong.status_code, wrong.cookies.get_dict()) == (401, {})


def test_the_page_tells_what_the_status_tells(home: House, browser: requests.Session) -> None:
    """Mode, customers, every stage with its count, and that the load is complete."""
    text = page(home, browser)
    assert 'class="chip observe"' in text
    assert "<b>20</b> customers" in text
    for one in home.standing():
        assert str(one) not in text  # counts, not records
    assert "Sleeping" in text
    assert "Complete" in text
    account = status(home.context)["portals"][0]["account"]
    assert "What was read" in text
    assert all(str(escape(line)) in text for line in account_lines(account))
    polish = replace(home.context, mapping=replace(home.context.mapping, language="pl"))
    told = read_lines(polish, account)
    assert told is not None
    assert told["lines"][0].startswith("Wczytano: 20 kontaktów, ")


def test_the_buttons_open_and_stop_the_writes(home: House, browser: requests.Session) -> None:
    """For a share, for all, and not at all."""
    assert press(home, browser, "go-live", percent="10").status_code == 200
    assert mode(home) == ("live", 10)
    assert "10 % of the customers" in page(home, browser)
    press(home, browser, "pause")
    assert mode(home) == ("paused", 10)
    assert press(home, browser, "go-live", percent="1000").status_code == 400
    assert mode(home)[0] == "paused"


def test_a_form_from_elsewhere_does_nothing(home: House, browser: requests.Session) -> None:
    """No token, another session's token, no session: refused, and the portal is as it was."""
    url = f"{home.url}/admin/portals/{home.portal_id}/go-live"
    other = requests.Session()
    other.post(f"{home.url}/admin/sign-in", data={"admin_token": ADMIN}, timeout=10)
    foreign = re.search(r'name="token" value="([^"]+)"', page(home, other))
    assert foreign is not None
    assert browser.post(url, data={"percent": "100"}, timeout=10).status_code == 400
    answer = browser.post(url, data={"percent": "100", "token": foreign[1]}, timeout=10)
    assert answer.status_code == 400
    stranger = requests.post(url, data={"percent": "100"}, allow_redirects=False, timeout=10)
    assert stranger.status_code == 302
    assert mode(home)[0] == "observe"


def test_what_was_given_up_is_shown_escaped_and_tried_again(home: House, browser: requests.Session) -> None:
    """With cause and cure; a value that looks like a page is text."""
    number = min(home.standing())
    row = parked.Parked("contact", number, "write", "X", "<script>alert(1)</script>", "Do that.", 1)
    store = home.context.store
    with store.write() as connection:
        parked.park(store, connection, home.portal_id, [row, replace(row, work="read")], "v")
    text = page(home, browser)
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert f"contact {number}" in text
    press(home, browser, "retry")
    with store.read() as connection:
        assert parked.listed(connection, home.portal_id) == []


def test_signing_out_ends_it(home: House, browser: requests.Session) -> None:
    """And what a page holds is not kept by the browser."""
    answer = browser.get(f"{home.url}/admin/portals/{home.portal_id}", timeout=10)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    token = re.search(r'name="token" value="([^"]+)"', answer.text)
    assert token is not None
    browser.post(f"{home.url}/admin/sign-out", data={"token": token[1]}, timeout=10)
    assert "Sign in" in browser.get(f"{home.url}/admin/", timeout=10).text
    assert browser.get(f"{home.url}/admin/portals/1", timeout=10).url.endswith("/admin/sign-in")


def test_the_portfolio_is_one_click_away_with_its_filters(home: House, browser: requests.Session) -> None:
    """Report, funnel and cohorts of a portal, each linked from the other; what is chosen stays chosen."""
    base = f"/admin/portals/{home.portal_id}"
    links = re.findall(r'<a href="([^"]+)"', page(home, browser))
    assert {f"{base}/{tab}" for tab in ("report", "funnel", "cohorts")} <= set(links)
    for tab, said in (
        ("report", "Customers won"),
        ("funnel", "How far customers come"),
        ("cohorts", "Retention by cohort"),
    ):
        answer = browser.get(f"{home.url}{base}/{tab}?segment=active&period=2026-Q3", timeout=10)
        assert answer.status_code == 200
        assert said in answer.text
        assert '<option value="active" selected>' in answer.text
        assert f'{base}/{tab}" aria-current="page"' in answer.text
    saved = browser.get(f"{home.url}{base}/report.html?segment=active", timeout=10)
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.text.startswith("<!doctype html>")


def test_what_the_portfolio_cannot_answer_is_said_on_the_page(home: House, browser: requests.Session) -> None:
    """With the cure; a stranger is led to the door, another portal is not found, nothing breaks out."""
    base = f"{home.url}/admin/portals/{home.portal_id}"
    answer = browser.get(f"{base}/funnel?segment=active&channel=unknown&cohort=2026-05", timeout=10)
    assert answer.status_code == 422
    assert "Name at most two: channel and segment" in answer.text
    evil = browser.get(f"{base}/report?channel=<script>alert(1)</script>", timeout=10)
    assert evil.status_code == 422
    assert "<script>alert" not in evil.text
    assert browser.get(f"{home.url}/admin/portals/1/report", timeout=10).status_code == 404
    for path in ("report", "funnel", "cohorts", "report.html"):
        stranger = requests.get(f"{base}/{path}", allow_redirects=False, timeout=10)
        assert (stranger.status_code, stranger.headers["Location"]) == (302, "/admin/sign-in")
