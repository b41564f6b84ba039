"""Who may call and how often: tokens, scopes, rolling windows, the day, searches."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugin.clock import FixedClock
from plugin.sandbox.limits import RollingWindow
from plugin.sandbox.portals import Portal, Token
from plugin.sandbox.server import SandboxServer
from tests.sandbox.conftest import Api


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 6, 1, 23, 59, tzinfo=UTC))


def statuses(api: Api, count: int) -> list[int]:
    return [api.objects("GET", "contacts", limit=1).status_code for _ in range(count)]


def test_a_call_without_a_good_token_is_401(sandbox: SandboxServer, api: Api) -> None:
    for header in ("", "Bearer nonsense", "Basic abc"):
        api.session.headers["Authorization"] = header
        refused = api.objects("GET", "contacts")
        assert refused.status_code == 401
        assert refused.json()["category"] == "INVALID_AUTHENTICATION"


def test_a_missing_scope_is_403(sandbox: SandboxServer, api: Api) -> None:
    with sandbox.store.write() as conn:
        scopes = ("crm.objects.contacts.read",)
        sandbox.store.portals.add_token(conn, Token("narrow", 4242, "static", None, scopes))
    api.session.headers["Authorization"] = "Bearer narrow"
    assert api.objects("GET", "contacts").status_code == 200
    assert api.objects("POST", "contacts/search", {}).status_code == 200
    refused = api.objects("POST", "contacts", {"properties": {}})
    assert refused.status_code == 403
    assert refused.json()["category"] == "MISSING_SCOPES"
    needed = {"requiredGranularScopes": ["crm.objects.contacts.write"]}
    assert refused.json()["errors"][0]["context"] == needed
    assert api.call("GET", "/crm/objects/2026-09/deals").status_code == 403
    assert api.call("GET", "/account-info/2026-09/details").status_code == 200


def test_the_window_rolls_exactly(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(burst_limit=5)) as server:
        api = Api(server)
        assert statuses(api, 3) == [200] * 3
        clock.sleep(6)
        assert statuses(api, 3) == [200, 200, 429]
        clock.sleep(3.9)  # 9.9 s after the first three
        assert statuses(api, 1) == [429]
        clock.sleep(0.2)
        assert statuses(api, 4) == [200, 200, 200, 429]


def test_headers_count_down_and_the_refusal_names_its_policy(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(burst_limit=2)) as server:
        api = Api(server)
        headers = api.objects("GET", "contacts").headers
        assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
        assert headers["X-HubSpot-RateLimit-Max"] == "2"
        assert headers["X-HubSpot-RateLimit-Remaining"] == "1"
        assert headers["X-HubSpot-RateLimit-Daily"] == "250000"
        assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "249999"
        api.objects("GET", "contacts")
        refused = api.objects("GET", "contacts")
        assert refused.status_code == 429
        body = refused.json()
        assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
        assert body["correlationId"]
        assert refused.headers["X-HubSpot-RateLimit-Remaining"] == "0"


def test_the_day_ends_at_the_portals_midnight(clock: FixedClock) -> None:
    portal = Portal(daily_limit=2, time_zone="America/New_York")  # 19:59 there
    with SandboxServer(clock=clock, portal=portal) as server:
        api = Api(server)
        assert statuses(api, 2) == [200, 200]
        refused = api.objects("GET", "contacts")
        assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
        clock.sleep(3600 * 4)
        assert statuses(api, 1) == [429]
        clock.sleep(120)
        assert statuses(api, 1) == [200]


def test_searches_have_their_own_second(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(burst_limit=3)) as server:
        api = Api(server)
        answers = [api.search("contacts") for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert not any(name.startswith("X-HubSpot-RateLimit") for name in answers[0].headers)
        assert answers[5].json()["policyName"] == "SECONDLY"
        assert statuses(api, 4) == [200, 200, 200, 429]  # searches did not spend these
        clock.sleep(1)
        assert api.search("contacts").status_code == 200


def test_oauth_tokens_have_their_own_limit_and_no_day(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(oauth_burst_limit=4, daily_limit=1)) as server:
        with server.store.write() as conn:
            until = server.store.now() + 1_000_000
            server.store.portals.add_token(conn, Token("oauth", 4242, "access", until))
        api = Api(server)
        api.session.headers["Authorization"] = "Bearer oauth"
        assert "X-HubSpot-RateLimit-Daily" not in api.objects("GET", "contacts").headers
        assert statuses(api, 4) == [200, 200, 200, 429]


def test_portals_do_not_share_a_window(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(burst_limit=1)) as server:
        server.store.add_portal(Portal(id=77, burst_limit=1), token="other")
        api = Api(server)
        assert statuses(api, 2) == [200, 429]
        api.session.headers["Authorization"] = "Bearer other"
        assert statuses(api, 1) == [200]
        assert api.call("GET", "/account-info/2026-09/details").status_code == 429


def test_the_statistics_know_the_busiest_window(clock: FixedClock) -> None:
    with SandboxServer(clock=clock, portal=Portal(burst_limit=3)) as server:
        api = Api(server)
        statuses(api, 5)
        report = api.control("GET", "stats").json()
        assert report["worst_window"] == 3
        assert report["worst_window_with_refused"] == 5
        assert report["refused"] == 2
        path = "/crm/objects/2026-09/contacts"
        assert report["calls"] == [
            {"method": "GET", "path": path, "status": 200, "count": 3},
            {"method": "GET", "path": path, "status": 429, "count": 2},
        ]
        assert api.control("DELETE", "stats").status_code == 204
        assert api.control("GET", "stats").json()["total"] == 0


def test_a_moment_leaves_the_window_after_exactly_its_length() -> None:
    window = RollingWindow(10.0)
    window.add(0.0)
    assert window.count(9.999) == 1
    assert window.count(10.0) == 0
