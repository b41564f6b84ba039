"""What an attacker may try with an authorisation: nothing is installed, and nobody is led astray."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
import requests

from plugin.records import accounts
from plugin.web import states
from tests.support.many import FIRST, SECOND, SECRET_KEY, Many, query_of


def nothing_installed(home: Many) -> bool:
    with home.context.store.read() as connection:
        return accounts.every(connection) == [] and accounts.installed(connection) == []


def get(person: requests.Session, address: str) -> requests.Response:
    return person.get(address, allow_redirects=False, timeout=10)


def with_state(address: str, state: str) -> str:
    return f"{address.partition('?')[0]}?code={query_of(address)['code']}&state={quote(state, safe='')}"


@pytest.mark.parametrize(
    "forge",
    [
        lambda state, browser: "",
        lambda state, browser: "x.y",
        lambda state, browser: "é.é",
        lambda state, browser: state[:-2] + ("A" if state[-2] != "A" else "B") + state[-1],
        lambda state, browser: "." + state.partition(".")[2],
        lambda state, browser: states.make("another key", browser, 0, 1_795_348_800_000),
        lambda state, browser: state + "." + state,
        lambda state, browser: "A" * 5_000,
    ],
)
def test_a_forged_state_is_refused(home: Many, forge: object) -> None:
    """Whoever does not know our key cannot make one."""
    person = home.browser()
    address = home.agree(person, home.begin(person))
    browser = person.cookies.get("lifecycle-oauth")
    state = forge(query_of(address)["state"], browser)  # type: ignore[operator]
    answer = get(person, with_state(address, state))
    assert (answer.status_code, "Begin again" in answer.text) == (400, True)
    assert nothing_installed(home)


def test_a_state_of_another_browser_is_refused(home: Many) -> None:
    """An attacker sends a victim the link that ends his own authorisation."""
    attacker, victim = home.browser(), home.browser()
    address = home.agree(attacker, home.begin(attacker))
    assert get(victim, address).status_code == 400
    home.begin(victim)  # also when the victim has a cookie of his own
    assert get(victim, address).status_code == 400
    assert nothing_installed(home)
    assert get(attacker, address).status_code == 303  # the state was not used up by that


def test_a_state_works_once(home: Many) -> None:
    """A second code with it, for example another person's, installs nothing."""
    person = home.browser()
    asked = home.begin(person)
    first, second = home.agree(person, asked), home.agree(person, asked, SECOND)
    assert get(person, first).status_code == 303
    again = get(person, second)
    assert (again.status_code, home.mode(SECOND)) == (400, "")
    with home.context.store.read() as connection:
        assert [one.portal_id for one in accounts.every(connection)] == [FIRST]


def test_a_used_state_is_refused_even_in_the_browser_that_owns_it(home: Many) -> None:
    """The cookie put back does not help: the store remembers."""
    person = home.browser()
    asked = home.begin(person)
    cookie = person.cookies.get("lifecycle-oauth")
    first, second = home.agree(person, asked), home.agree(person, asked, SECOND)
    get(person, first)
    person.cookies.set("lifecycle-oauth", cookie, domain="127.0.0.1", path="/oauth")
    answer = get(person, second)
    assert (answer.status_code, "used before" in answer.text) == (400, True)


def test_a_state_grows_old(home: Many) -> None:
    """After ten minutes the person begins again."""
    person = home.browser()
    address = home.agree(person, home.begin(person))
    home.context.clock.sleep(601)
    answer = get(person, address)
    assert (answer.status_code, "too old" in answer.text) == (400, True)


def test_a_code_works_once(home: Many) -> None:
    """A code that was seen in a log is worth nothing in another authorisation."""
    person, attacker = home.browser(), home.browser()
    address = home.agree(person, home.begin(person))
    code = query_of(address)["code"]
    assert get(person, address).status_code == 303
    before = home.account().grant_number
    state = query_of(home.begin(attacker))["state"]
    answer = get(attacker, f"{home.callback}?code={code}&state={state}")
    assert (answer.status_code, "used before" in answer.text) == (400, True)
    assert home.account().grant_number == before


def test_a_code_of_another_app_or_nobodys_is_refused(home: Many) -> None:
    """HubSpot knows whose code it is."""
    for code in ("code-made-up", "x" * 600, ""):
        person = home.browser()
        state = query_of(home.begin(person))["state"]
        assert get(person, f"{home.callback}?code={code}&state={state}").status_code == 400
    assert nothing_installed(home)


def test_a_portal_in_the_address_is_not_believed(home: Many) -> None:
    """Whose installation it is, HubSpot says of the token, not the browser."""
    person = home.browser()
    address = home.agree(person, home.begin(person), FIRST)
    get(person, f"{address}&portalId={SECOND}&hub_id={SECOND}&portal={SECOND}")
    with home.context.store.read() as connection:
        assert [one.portal_id for one in accounts.every(connection)] == [FIRST]


def test_an_authorisation_begun_for_one_portal_installs_no_other(home: Many) -> None:
    """`/oauth/install?portal=4242` and consent in another account."""
    person = home.browser()
    address = home.begin(person, f"?portal={FIRST}")
    assert f"/oauth/{FIRST}/authorize" in address
    back = home.agree(person, address, SECOND)
    answer = get(person, back)
    assert (answer.status_code, "another portal" in answer.text) == (400, True)
    assert nothing_installed(home)


@pytest.mark.parametrize("portal", ["x", "-1", "4242'--", "9" * 30, "٣"])
def test_a_portal_that_is_no_number_is_refused(home: Many, portal: str) -> None:
    """It becomes a part of an address."""
    assert get(home.browser(), f"{home.url}/oauth/install?portal={portal}").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["next=https://evil.example", "redirect_uri=https://evil.example", "return_to=//evil.example", "url=//x"],
)
def test_nobody_is_led_to_an_address_of_the_callers_choice(home: Many, query: str) -> None:
    """There is no open redirect: to the CRM's own page, and to ours."""
    person = home.browser()
    asked = get(person, f"{home.url}/oauth/install?{query}").headers["Location"]
    assert urlsplit(asked).netloc == urlsplit(home.crm.url).netloc
    assert "evil" not in asked
    back = get(person, f"{home.agree(person, asked)}&{query}").headers["Location"]
    assert back == f"{home.url}/oauth/installed"


def test_the_host_that_a_request_names_leads_nobody_astray(home: Many) -> None:
    """The way back is PUBLIC_URL's, whatever a request claims."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = requests.get(f"{home.url}/oauth/install", headers=headers, allow_redirects=False, timeout=10)
    assert query_of(answer.headers["Location"])["redirect_uri"] == home.callback


def test_what_an_address_says_is_shown_as_text(home: Many) -> None:
    """An error that HubSpot, or somebody, puts into the address runs nowhere."""
    person = home.browser()
    state = query_of(home.begin(person))["state"]
    script = quote("<script>alert(1)</script>")
    answer = get(person, f"{home.callback}?error=x&error_description={script}&state={state}")
    assert answer.status_code == 400
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_person_who_says_no_installs_nothing(home: Many) -> None:
    """And is told how to begin again."""
    person = home.browser()
    back = get(person, home.begin(person) + "&deny=1").headers["Location"]
    answer = get(person, back)
    assert (answer.status_code, "denied" in answer.text) == (400, True)
    assert nothing_installed(home)


def test_a_grant_without_a_scope_that_we_need_is_refused(home: Many) -> None:
    """An install link with fewer scopes, made by hand."""
    home.control("POST", "app", required_scopes=None)
    person = home.browser()
    less = home.begin(person).replace(quote("crm.objects.deals.read"), "")
    answer = get(person, home.agree(person, less))
    assert (answer.status_code, "crm.objects.deals.read" in answer.text) == (400, True)
    assert nothing_installed(home)


def test_the_page_of_an_installation_is_for_the_browser_that_made_it(home: Many) -> None:
    """Nobody else learns which portals there are."""
    home.connect(FIRST)
    stranger = home.browser()
    assert get(stranger, f"{home.url}/oauth/installed").status_code == 400
    forged = states.make("another key", "me", FIRST, 1_795_348_800_000)
    stranger.cookies.set("lifecycle-oauth", "me", domain="127.0.0.1", path="/oauth")
    stranger.cookies.set("lifecycle-oauth-portal", forged, domain="127.0.0.1", path="/oauth")
    answer = get(stranger, f"{home.url}/oauth/installed")
    assert (answer.status_code, str(FIRST) in answer.text) == (400, False)


def test_a_state_is_no_ticket_to_an_installations_page(home: Many) -> None:
    """A state that names a portal is given to anybody who asks for one."""
    home.connect(FIRST)
    stranger = home.browser()
    state = query_of(home.begin(stranger, f"?portal={FIRST}"))["state"]
    stranger.cookies.set("lifecycle-oauth-portal", state, domain="127.0.0.1", path="/oauth")
    answer = get(stranger, f"{home.url}/oauth/installed")
    assert (answer.status_code, str(FIRST) in answer.text) == (400, False)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites_forms(home: Many) -> None:
    """HttpOnly and SameSite; over https also Secure and bound to the host."""
    answer = requests.get(f"{home.url}/oauth/install", allow_redirects=False, timeout=10)
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/oauth"))
    from plugin.web.app import WebParts, create_app
    from plugin.web.oauth import OAuthParts

    oauth = OAuthParts(home.app, home.vault, home.settings.app_url, "https://x.example", SECRET_KEY)
    parts = WebParts(home.context, home.context.store, "s", "https://x.example", "a", lambda: None, oauth)
    cookie = create_app(parts).test_client().get("/oauth/install").headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


def test_a_client_secret_that_is_wrong_is_told_as_our_own_fault(home: Many) -> None:
    """The person can do nothing about it; the log says what to correct."""
    person = home.browser()
    address = home.agree(person, home.begin(person))
    home.control("POST", "app", client_secret="changed")
    answer = get(person, address)
    assert (answer.status_code, "HUBSPOT_CLIENT_SECRET" in answer.text) == (500, True)
    assert nothing_installed(home)
