"""Account details, owners, lists, OAuth, and the app's coming and going."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import Api, people

BACK = "https://plugin.example.com/oauth/callback?x=1"
LISTS = "/crm/lists/2026-09"


def authorise(server: SandboxServer, **changes: str) -> requests.Response:
    params = {
        "client_id": server.store.app.client_id,
        "redirect_uri": BACK,
        "scope": "oauth crm.objects.contacts.read",
        "state": "s t&ate",
        "approve": "1",
    } | changes
    return requests.get(f"{server.url}/oauth/authorize", params=params, allow_redirects=False, timeout=10)


def code(server: SandboxServer, **changes: str) -> str:
    query = parse_qs(urlsplit(authorise(server, **changes).headers["Location"]).query)
    return query["code"][0]


def token(server: SandboxServer, path: str = "/oauth/2026-09/token", **form: str) -> requests.Response:
    app = server.store.app
    sent = {"client_id": app.client_id, "client_secret": app.client_secret, "redirect_uri": BACK} | form
    return requests.post(server.url + path, data=sent, timeout=10)


def granted(server: SandboxServer) -> dict[str, Any]:
    answer = token(server, grant_type="authorization_code", code=code(server))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_account_tells_where_and_when_it_is(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(1), time_zone="America/New_York", currency="EUR"))
    body = api.call("GET", "/account-info/2026-09/details").json()
    assert body["portalId"] == 4242
    assert body["timeZone"] == "America/New_York"
    assert body["companyCurrency"] == "EUR"
    assert body["uiDomain"] == "app.hubspot.com"
    assert body["utcOffsetMilliseconds"] in (-18_000_000, -14_400_000)
    assert api.call("GET", "/account-info/v3/details").json() == body


def test_owners_are_listed_and_found(api: Api) -> None:
    owners = api.call("GET", "/crm/owners/2026-09").json()["results"]
    assert [one["email"] for one in owners] == ["ada@example.com", "boris@example.com"]
    page = api.call("GET", "/crm/v3/owners/", limit=1).json()
    assert page["paging"]["next"]["after"] == owners[0]["id"]
    assert api.call("GET", f"/crm/v3/owners/{owners[0]['id']}").json()["firstName"] == "Ada"
    assert api.call("GET", "/crm/v3/owners/502", idProperty="userId").json()["firstName"] == "Boris"
    assert api.call("GET", "/crm/v3/owners", email="boris@example.com").json()["results"] == owners[1:]
    assert api.call("GET", "/crm/v3/owners/9").status_code == 404


def test_a_manual_list_has_the_members_it_was_given(sandbox: SandboxServer, api: Api) -> None:
    sandbox.store.load(World(contacts=people(3)))
    body = {"name": "Pilot", "objectTypeId": "0-1", "processingType": "MANUAL"}
    number = api.call("POST", LISTS, body).json()["list"]["listId"]
    assert api.call("POST", LISTS, body).status_code == 400  # names are unique
    added = api.call("PUT", f"{LISTS}/{number}/memberships/add", ["1", "3", "77"]).json()
    assert added == {"recordsIdsAdded": ["1", "3"], "recordIdsRemoved": [], "recordIdsMissing": ["77"]}
    page = api.call("GET", f"{LISTS}/{number}/memberships", limit=1).json()
    assert [one["recordId"] for one in page["results"]] == ["1"]
    rest = api.call("GET", f"{LISTS}/{number}/memberships", after=page["paging"]["next"]["after"]).json()
    assert [one["recordId"] for one in rest["results"]] == ["3"]
    change = {"recordIdsToAdd": ["2"], "recordIdsToRemove": ["1"]}
    api.call("PUT", f"{LISTS}/{number}/memberships/add-and-remove", change)
    assert api.call("GET", f"{LISTS}/{number}").json()["list"]["size"] == 2
    query = {"query": "pil", "additionalProperties": ["hs_list_size"]}
    found = api.call("POST", f"{LISTS}/search", query).json()
    assert found["lists"][0]["additionalProperties"]["hs_list_size"] == "2"
    of_record = api.call("GET", f"{LISTS}/records/0-1/2/memberships").json()["results"]
    assert [one["listId"] for one in of_record] == [number]
    assert api.call("GET", f"{LISTS}/object-type-id/0-1/name/Pilot").json()["list"]["listId"] == number
    assert api.call("DELETE", f"{LISTS}/{number}").status_code == 204
    assert api.call("GET", f"{LISTS}/{number}").status_code == 404


def active(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A list of records that meet one of the rows of filters."""
    branches = [
        {"filterBranchType": "AND", "filterBranches": [], "filters": list(row.values())} for row in rows
    ]
    root = {"filterBranchType": "OR", "filters": [], "filterBranches": branches}
    return {
        "name": "Active",
        "objectTypeId": "0-1",
        "processingType": "DYNAMIC",
        "filterBranch": root,
        **more,
    }


def any_of(name: str, *values: str, operator: str = "IS_ANY_OF", kind: str = "ENUMERATION") -> dict[str, Any]:
    operation = {"operationType": kind, "operator": operator, "values": list(values)}
    return {"a": {"filterType": "PROPERTY", "property": name, "operation": operation}}


def test_an_active_list_follows_its_filters(api: Api) -> None:
    ids = [api.create("contacts", {"hs_lead_status": status}) for status in ("NEW", "OPEN", "CONNECTED")]
    made = api.call("POST", LISTS, active(any_of("hs_lead_status", "NEW", "OPEN"))).json()["list"]
    members = f"{LISTS}/{made['listId']}/memberships"
    assert [int(one["recordId"]) for one in api.call("GET", members).json()["results"]] == ids[:2]
    api.update("contacts", ids[0], hs_lead_status="CONNECTED")
    assert [int(one["recordId"]) for one in api.call("GET", members).json()["results"]] == ids[1:2]
    assert api.call("GET", f"{LISTS}/{made['listId']}").json()["list"]["size"] == 1
    assert api.call("PUT", f"{members}/add", [str(ids[0])]).status_code == 400
    kept = active(any_of("hs_lead_status", "CONNECTED"), name="Kept", processingType="SNAPSHOT")
    snapshot = api.call("POST", LISTS, kept).json()["list"]["listId"]
    api.update("contacts", ids[2], hs_lead_status="NEW")
    assert api.call("GET", f"{LISTS}/{snapshot}").json()["list"]["size"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"filterBranch": None},
        {"filterBranch": {"filterBranchType": "AND", "filters": [], "filterBranches": []}},
        active(),
        active({}),
        active(any_of("no_such_property", "x")),
        active(any_of("hs_lead_status", "x", operator="IS_EQUAL_TO")),
        active(any_of("email", "x")),
        active(any_of("hs_lead_status")),
    ],
)
def test_filters_that_hubspot_would_not_take_are_refused(api: Api, wrong: dict[str, Any]) -> None:
    answer = api.call("POST", LISTS, {**active(any_of("hs_lead_status", "NEW")), **wrong})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_authorise_page_asks_and_then_comes_back(sandbox: SandboxServer) -> None:
    page = authorise(sandbox, approve="")
    assert page.status_code == 200
    assert "crm.objects.contacts.read" in page.text
    answer = authorise(sandbox)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://plugin.example.com/oauth/callback"
    assert parse_qs(back.query).keys() == {"x", "code", "state"}
    assert parse_qs(back.query)["state"] == ["s t&ate"]
    assert authorise(sandbox, client_id="wrong").status_code == 400


def test_a_code_becomes_tokens_that_open_the_api(sandbox: SandboxServer, api: Api) -> None:
    body = granted(sandbox)
    assert (body["token_type"], body["expires_in"], body["hub_id"]) == ("bearer", 1800, 4242)
    assert max(len(body["access_token"]), len(body["refresh_token"])) <= 512
    api.session.headers["Authorization"] = f"Bearer {body['access_token']}"
    assert api.objects("GET", "contacts").status_code == 200
    assert api.objects("GET", "deals").status_code == 403  # only the scope that was asked for
    api.session.headers["Authorization"] = f"Bearer {body['refresh_token']}"
    assert api.objects("GET", "contacts").status_code == 401


def test_a_portal_can_be_chosen(sandbox: SandboxServer) -> None:
    sandbox.store.add_portal(type(sandbox.store.portals.get())(id=77))
    answer = token(sandbox, grant_type="authorization_code", code=code(sandbox, portal="77"))
    assert answer.json()["hub_id"] == 77


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "BAD_REFRESH_TOKEN"),
        ({"grant_type": "authorization_code", "code": "x"}, "BAD_AUTH_CODE"),
        ({"grant_type": "refresh_token", "client_id": "x"}, "BAD_CLIENT_ID"),
        ({"grant_type": "refresh_token", "client_secret": "x"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "wish"}, "BAD_GRANT_TYPE"),
    ],
)
@pytest.mark.parametrize("path", ["/oauth/2026-09/token", "/oauth/v1/token"])
def test_refusals_of_the_token_endpoint(
    sandbox: SandboxServer, form: dict[str, str], status: str, path: str
) -> None:
    refused = token(sandbox, path, **form)
    assert refused.status_code == 400
    assert refused.json()["status"] == status


def test_a_code_works_once_and_at_its_own_address(sandbox: SandboxServer) -> None:
    one = code(sandbox)
    elsewhere = token(sandbox, grant_type="authorization_code", code=one, redirect_uri="https://x.example")
    assert elsewhere.json()["status"] == "BAD_REDIRECT_URI"
    assert token(sandbox, grant_type="authorization_code", code=one).status_code == 200
    assert token(sandbox, grant_type="authorization_code", code=one).json()["status"] == "BAD_AUTH_CODE"


def test_an_access_token_expires_and_is_refreshed(sandbox: SandboxServer, api: Api) -> None:
    body = granted(sandbox)
    api.session.headers["Authorization"] = f"Bearer {body['access_token']}"
    sandbox.advance(1801)
    refused = api.objects("GET", "contacts")
    assert refused.status_code == 401
    assert refused.json()["category"] == "EXPIRED_AUTHENTICATION"
    fresh = token(sandbox, grant_type="refresh_token", refresh_token=body["refresh_token"]).json()
    assert fresh["refresh_token"] == body["refresh_token"]
    api.session.headers["Authorization"] = f"Bearer {fresh['access_token']}"
    assert api.objects("GET", "contacts").status_code == 200


def test_tokens_can_be_looked_into(sandbox: SandboxServer) -> None:
    body = granted(sandbox)
    path = "/oauth/2026-09/token/introspect"
    found = token(sandbox, path, token=body["access_token"]).json()
    assert (found["active"], found["hub_id"], found["token_use"]) == (True, 4242, "access_token")
    assert found["scopes"] == ["oauth", "crm.objects.contacts.read"]
    assert token(sandbox, path, token="x").json()["active"] is False
    legacy = requests.get(f"{sandbox.url}/oauth/v1/access-tokens/{body['access_token']}", timeout=10).json()
    assert legacy["app_id"] == sandbox.store.app.app_id


@pytest.mark.parametrize("way", ["api", "person", "revoke"])
def test_after_an_uninstall_a_refresh_is_refused(sandbox: SandboxServer, api: Api, way: str) -> None:
    body = granted(sandbox)
    if way == "api":
        api.session.headers["Authorization"] = f"Bearer {body['access_token']}"
        assert api.call("DELETE", "/appinstalls/2026-09/external-install").status_code == 204
    elif way == "person":
        assert api.control("POST", "uninstall").status_code == 204
    else:
        assert token(sandbox, "/oauth/2026-09/token/revoke", token=body["refresh_token"]).status_code == 204
    refused = token(sandbox, grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert refused.json()["status"] == "BAD_REFRESH_TOKEN"
