"""The API: closed without the token, honest about how things stand, described as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from plugin.clock import FixedClock
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.web.customers import Customers
from tests.conftest import NOON
from tests.support.house import ADMIN, House, house


@pytest.fixture
def home(store: Store, clock: FixedClock) -> Iterator[House]:
    """A loaded portal of twenty customers."""
    with house(store, clock, cdnow(NOON.date(), limit=20)) as made:
        made.load()
        made.settle()
        yield made


def get(home: House, path: str, token: str | None = ADMIN) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{home.url}{path}", headers=headers, timeout=10)


def status(home: House) -> dict[str, Any]:
    found: dict[str, Any] = get(home, "/api/v1/status").json()
    return found


def test_without_the_admins_token_nothing_is_told(store: Store, clock: FixedClock) -> None:
    """401, also for customers that do not exist; the scheme may be written in any case."""
    with house(store, clock, None) as empty:
        for path in ("/api/v1/status", "/api/v1/customers/1"):
            refused = [get(empty, path, token).status_code for token in (None, "", "wrong", ADMIN + "x")]
            assert refused == [401] * 4
        for given, code in ((f"bearer {ADMIN}", 200), (ADMIN, 401), (f"Basic {ADMIN}", 401)):
            headers = {"Authorization": given}
            answer = requests.get(f"{empty.url}/api/v1/status", headers=headers, timeout=10)
            assert answer.status_code == code


def test_what_fails_is_logged_without_the_record_that_was_asked_for(
    home: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log cannot be erased."""

    def fails(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Customers, "told", fails)
    assert get(home, "/api/v1/customers/51000000001").status_code == 500
    (told,) = [one for one in caplog.records if one.exc_info]
    assert vars(told)["asked"] == "GET /api/v1/customers/<int:object_id>"
    assert "51000000001" not in caplog.handler.format(told)


def test_the_status_follows_the_work(home: House) -> None:
    """Settled, then pending while a change waits, then settled again."""
    assert status(home)["settled"] is True
    home.crm.store.edit("deal", 61_000_000_001, {"amount": "77"})
    assert home.crm.drained()
    waiting = status(home)
    assert (waiting["settled"], waiting["inbox"] > 0) == (False, True)
    home.settle()
    after = status(home)
    assert (after["settled"], after["inbox"], after["pending"], after["lag_seconds"]) == (True, 0, 0, 0)
    (portal,) = after["portals"]
    assert (portal["portal_id"], portal["mode"], portal["causes"]) == (home.portal_id, "live", {})
    assert None not in {portal["last_full"], portal["last_incremental"]}


def test_a_customer_is_told_as_evaluate_tells_it_with_its_history(home: House) -> None:
    """And the written values are those on the record."""
    number, properties = next(iter(home.standing().items()))
    told = get(home, f"/api/v1/customers/{number}").json()
    assert told["stage"] == properties["clm_stage"]
    assert {k: v for k, v in told["written"].items() if v} == {
        k: v for k, v in properties.items() if k.startswith("clm_")
    }
    assert [step["to_stage"] for step in told["history"]] == [told["stage"]]
    assert get(home, "/api/v1/customers/999").status_code == 404
    assert get(home, f"/api/v1/customers/{number}?object=deal").status_code == 422
    assert get(home, f"/api/v1/customers/{number}?portal=7").status_code == 404


def test_health_readiness_and_figures_are_open_and_name_no_customer(home: House) -> None:
    """For load balancers and Prometheus."""
    assert get(home, "/healthz", None).json() == {"status": "ok"}
    ready = get(home, "/readyz", None)
    assert (ready.status_code, ready.json()["parts"]) == (200, {"store": "ok", "queue": "ok"})
    figures = get(home, "/metrics", None).text
    assert 'lifecycle_pending{portal="4242"} 0.0' in figures
    assert 'what="customers_written"} 20.0' in figures
    assert "51000000001" not in figures


def test_the_description_names_every_route_and_the_page_shows_it(home: House) -> None:
    """/api/openapi.json and /api/docs."""
    spec = get(home, "/api/openapi.json", None).json()
    portfolio = {f"/api/v1/{name}" for name in ("metrics", "cohorts", "funnel")}
    assert set(spec["paths"]) == {"/api/v1/status", "/api/v1/customers/{object_id}", *portfolio}
    page = get(home, "/api/docs", None).text
    assert all(path in page for path in spec["paths"])


def test_a_store_that_is_down_makes_it_unready(home: House) -> None:
    """503 with the part that is missing; the process lives on."""
    from plugin.errors import StoreError

    def down() -> None:
        raise StoreError("gone")

    from plugin.web.app import WebParts, create_app

    broken = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    from dataclasses import replace

    context = replace(home.context, store=broken)
    client = create_app(WebParts(context, broken, "s", "http://x", ADMIN, down)).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["ready"]) == (503, False)
    told = client.get("/api/v1/status", headers={"Authorization": f"Bearer {ADMIN}"})
    assert (told.status_code, "cure" in told.get_json()) == (503, True)
