"""Two portals with the same ids never see each other: over every table, query, job and route that there is.

The tests find these by looking at the package, so that what is added tomorrow is tested without being named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import requests

import plugin.jobs
import plugin.records
import plugin.sync
from plugin.errors import LifecycleError
from plugin.hubspot.protocol.signatures import sign_v3
from plugin.jobs.apply import apply_inbox
from plugin.jobs.context import Context
from plugin.records import inbox
from plugin.records.schema import metadata
from plugin.records.store import Store
from plugin.web.app import WebParts, create_app
from tests.support.house import ADMIN
from tests.support.many import FIRST, SECOND, Many
from tests.support.tenants import (
    CONTACT,
    MARK,
    Arguments,
    fill,
    functions,
    remove_portal,
    rows_in,
    rows_of,
    takes,
    told,
)
from tests.tenants.conftest import Base

#: belong to no portal by their nature: locks are named after what they lock, with the portal's id in the name
HOUSE_TABLES = {"locks", "alembic_version"}
#: of the operator, who serves every portal: they name all of them, each apart
OVERVIEWS = {"/api/v1/status", "/metrics", "/admin/", "/admin"}
#: what runs in its caller's transaction, and what begins its own
QUERIES = [one for one in functions(plugin.records, plugin.sync) if takes(one, "connection")]
JOBS = functions(plugin.jobs) + [one for one in functions(plugin.sync) if not takes(one, "connection")]


def test_every_table_is_keyed_by_portal() -> None:
    """First in its key, so that no row can be found without one."""
    for table in metadata.sorted_tables:
        if table.name not in HOUSE_TABLES:
            assert "portal_id" in table.c, table.name
            keys = [column.name for column in table.primary_key]
            assert keys[0] == "portal_id" or keys == ["id"], table.name


def test_the_portals_are_alike_in_ids_and_unlike_in_contents(base: Base, tmp_path: Path) -> None:
    """Without that, the tests below would say nothing."""
    store = base.copy(tmp_path, "x.db")
    first, second = rows_of(store, FIRST), rows_of(store, SECOND)
    assert MARK in repr(second)
    assert MARK not in repr(first)
    assert str(SECOND) not in repr(first)
    for name in ("mirror", "outcomes", "associations", "ledger", "changes"):
        assert len(first[name]) == len(second[name]) > 0, name
    store.close()


@pytest.fixture(autouse=True)
def statements(base: Base) -> Iterator[None]:
    """Whatever a test runs: no statement of it may forget the portal."""
    yield
    assert base.guard.forgetful() == {}


@pytest.fixture(scope="module")
def stores(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """A store with both portals, and the same with the first alone."""
    folder = tmp_path_factory.mktemp("stores")
    both, alone = base.copy(folder, "both.db"), base.copy(folder, "alone.db")
    fill(both)
    fill(alone)
    remove_portal(alone, SECOND)
    yield both, alone
    both.close()
    alone.close()


@pytest.mark.parametrize(("name", "function"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_answers_as_if_the_other_portal_were_not_there(
    base: Base, stores: tuple[Store, Store], name: str, function: Callable[..., Any]
) -> None:
    """The same answer, the same rows afterwards, and not a row of the other is touched."""
    both, alone = (tried(replace(base.home.context, store=store), function, name) for store in stores)
    assert both.answer == alone.answer
    assert both.first == alone.first
    assert both.second == rows_of(stores[0], SECOND)


@dataclass(frozen=True)
class Tried:
    """What a function answered, or how it refused, and the rows of both portals then."""

    answer: str
    first: dict[str, list[str]]
    second: dict[str, list[str]]


def tried(context: Context, function: Callable[..., Any], name: str) -> Tried:
    """Call a function in a transaction that is taken back."""
    with context.store.engine.connect() as connection, connection.begin() as transaction:
        prepared = Arguments(context, connection)
        try:
            answer = told(function(**prepared.of(function, name)))
        except LifecycleError as error:
            answer = repr(error)
        found = Tried(answer, rows_in(connection, FIRST), rows_in(connection, SECOND))
        transaction.rollback()
    return found


@pytest.mark.parametrize(("name", "function"), JOBS, ids=[name for name, _ in JOBS])
def test_a_job_for_one_portal_leaves_the_other_alone(
    base: Base, tmp_path: Path, name: str, function: Callable[..., Any]
) -> None:
    """In the store and in the CRM; and nothing of the other shows in what it made or told."""
    home, store = base.home, base.copy(tmp_path, "both.db")
    context = replace(home.context, store=store)
    before, crm_before = rows_of(store, SECOND), in_crm(home, SECOND)
    answer = job_answer(context, function, name)
    assert MARK not in answer
    assert rows_of(store, SECOND) == before
    assert MARK not in repr(rows_of(store, FIRST))
    assert in_crm(home, SECOND) == crm_before
    assert MARK not in repr(in_crm(home, FIRST))
    store.close()
    if not home.crm.store.portals.has_app(FIRST):
        home.install(FIRST)  # the job took the app out; the next one needs it


def in_crm(home: Many, portal_id: int) -> Any:
    """What the CRM holds of a portal: records and property definitions."""
    crm = home.crm.store
    kinds = ("contact", "deal")
    records = [crm.listed(kind, portal=portal_id) for kind in kinds]
    return records, sorted(one["name"] for one in crm.definitions("contact", portal=portal_id))


def job_answer(context: Any, function: Callable[..., Any], name: str) -> str:
    prepared = Arguments(context)
    chosen = prepared.of(function, name)
    try:
        if "connection" not in chosen:
            return told(function(**chosen))
        with context.store.write() as connection:
            return told(function(**{**chosen, "connection": connection}))
    except LifecycleError as error:
        return repr(error)


def routes(home: Many) -> list[tuple[str, str]]:
    """(method, path) of every route of the web application, filled with the first portal's ids."""
    app = create_app(WebParts(home.context, home.context.store, "s", home.url, ADMIN, lambda: None))
    found = []
    for rule in app.url_map.iter_rules():
        values: dict[str, Any] = {}
        for argument in rule.arguments:
            is_portal = "portal" in argument
            values[argument] = FIRST if is_portal else "contact" if "type" in argument else CONTACT
        try:
            path = rule.build(values)
        except Exception:
            path = rule.build(dict.fromkeys(rule.arguments, "x"))
        assert path is not None, rule
        found += [(method, path[1]) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return [one for one in found if not one[1].endswith("/sign-out")]


def signed_in(home: Many) -> requests.Session:
    """The operator's browser, which has a page of the admin's open."""
    person = home.browser()
    person.post(f"{home.url}/admin/sign-in", data={"admin_token": ADMIN}, timeout=10)
    return person


def ask(home: Many, person: requests.Session, method: str, path: str) -> requests.Response:
    """A request with all that could open a route: session and form, bearer token, HubSpot's signature."""
    signed = {"portalId": FIRST, "userId": 1}
    query = urlencode(signed if path.startswith("/card") else {"portal": FIRST, "object": "contact"})
    uri, stamp, body = f"{home.url}{path}?{query}", str(home.context.now()), b""
    headers = {"Authorization": f"Bearer {ADMIN}", "X-HubSpot-Request-Timestamp": stamp}
    if method != "GET" and path.startswith("/admin"):
        page = person.get(f"{home.url}/admin/portals/{FIRST}", timeout=10).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        body = urlencode(
            {"token": token[1] if token else "", "percent": "100", "admin_token": ADMIN}
        ).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif method != "GET":
        event = {"subscriptionType": "contact.creation", "eventId": 9, "occurredAt": 9, "portalId": FIRST}
        wanted = {"objectType": "0-1", "objectId": CONTACT}
        body = orjson.dumps(wanted if path.startswith("/card") else [{**event, "objectId": CONTACT}])
    headers["X-HubSpot-Signature-v3"] = sign_v3(
        home.crm.secret, method=method, uri=uri, body=body, timestamp=stamp
    )
    return person.request(method, uri, headers=headers, data=body, allow_redirects=False, timeout=30)


#: answered without data of a portal, or refused to whoever is not in the middle of an installation
NO_DATA = (
    "/oauth/",
    "/api/docs",
    "/api/openapi",
    "/admin/static",
    "/admin/sign",
    "/static",
    "/healthz",
    "/readyz",
)


def test_no_route_shows_or_touches_the_other_portal(base: Base) -> None:
    """Asked for the first portal's customer with every key that the operator and HubSpot have."""
    home = base.home
    before, crm_before = rows_of(home.context.store, SECOND), in_crm(home, SECOND)
    person = signed_in(home)
    asked = routes(home)
    assert len(asked) > 12
    for method, path in asked:
        answer = ask(home, person, method, path)
        assert MARK not in answer.text, (method, path)
        if path not in OVERVIEWS:
            assert str(SECOND) not in answer.text, (method, path)
        if not path.startswith(NO_DATA):
            assert answer.status_code < 400, (method, path, answer.status_code)
    assert rows_of(home.context.store, SECOND) == before
    assert in_crm(home, SECOND) == crm_before


def test_the_customer_of_the_portal_that_is_named_is_shown_and_no_other(base: Base) -> None:
    """The same id, two customers; without a name, nobody's."""
    home = base.home
    address = f"{home.url}/api/v1/customers/{CONTACT}"
    headers = {"Authorization": f"Bearer {ADMIN}"}
    first, second = (
        requests.get(f"{address}?portal={one}", headers=headers, timeout=10).json() for one in (FIRST, SECOND)
    )
    assert first["metrics"] != second["metrics"]
    assert first["written"] != second["written"]
    assert requests.get(address, headers=headers, timeout=10).status_code == 404


def test_events_of_both_portals_in_one_body_mark_each_its_own(base: Base, tmp_path: Path) -> None:
    """HubSpot does not say whether a body can mix portals."""
    store = base.copy(tmp_path, "both.db")
    context = replace(base.home.context, store=store)
    event = {"subscriptionType": "contact.creation", "objectId": CONTACT, "eventId": 5, "occurredAt": 5}
    body = orjson.dumps(
        [{**event, "portalId": FIRST}, {**event, "portalId": SECOND, "objectId": CONTACT + 1}]
    )
    with store.write() as connection:
        inbox.put(connection, inbox.SEVERAL, body, 2, context.now())
    apply_inbox(context)
    assert [str(CONTACT) in row for row in rows_of(store, FIRST)["marks"]] == [True]
    assert [str(CONTACT + 1) in row for row in rows_of(store, SECOND)["marks"]] == [True]
    store.close()
