"""Two portals with the same ids never see each other: over every table, query, job and route that there is.

The tests find these by looking at the package, so that what is added tomorrow is tested without being named.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import plugin.jobs
import plugin.records
import plugin.sync
from plugin.clock import FixedClock
from plugin.errors import LifecycleError
from plugin.jobs.context import Context
from plugin.records.schema import metadata
from plugin.records.store import Store
from tests.conftest import NOON
from tests.support.house import ADMIN
from tests.support.many import FIRST, SECOND, Many, many
from tests.support.tenants import (
    CONTACT,
    MARK,
    Arguments,
    functions,
    load_both,
    remove_portal,
    rows_in,
    rows_of,
    told,
)

#: belong to no portal by their nature: locks are named after what they lock, with the portal's id in the name
HOUSE_TABLES = {"locks", "alembic_version"}
#: of the operator, who serves every portal: they name all of them, each apart
OVERVIEWS = {"/api/v1/status", "/metrics", "/admin/", "/admin"}
QUERIES = functions(plugin.records)
JOBS = functions(plugin.jobs)
KEYS = [b"the-key-of-the-test"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Many, Path]]:
    """Both portals loaded; the store's file is copied for each test."""
    folder = tmp_path_factory.mktemp("tenants")
    store = Store(f"sqlite:///{folder / 'store.db'}", erasure_keys=KEYS)
    store.migrate()
    with many(store, FixedClock(NOON)) as home:
        load_both(home)
        with (
            closing(sqlite3.connect(folder / "store.db")) as loaded,
            closing(sqlite3.connect(folder / "base.db")) as kept,
        ):
            loaded.backup(kept)
        yield home, folder / "base.db"
    store.close()


def copy_of(base: Path, folder: Path, name: str) -> Store:
    shutil.copy(base, folder / name)
    return Store(f"sqlite:///{folder / name}", erasure_keys=KEYS)


def test_every_table_is_keyed_by_portal() -> None:
    """First in its key, so that no row can be found without one."""
    for table in metadata.sorted_tables:
        if table.name not in HOUSE_TABLES:
            assert "portal_id" in table.c, table.name
            keys = [column.name for column in table.primary_key]
            assert keys[0] == "portal_id" or keys == ["id"], table.name


def test_the_portals_are_alike_in_ids_and_unlike_in_contents(base: tuple[Many, Path], tmp_path: Path) -> None:
    """Without that, the tests below would say nothing."""
    store = copy_of(base[1], tmp_path, "x.db")
    first, second = rows_of(store, FIRST), rows_of(store, SECOND)
    assert MARK in repr(second)
    assert MARK not in repr(first)
    assert str(SECOND) not in repr(first)
    for name in ("mirror", "outcomes", "associations", "ledger", "changes"):
        assert len(first[name]) == len(second[name]) > 0, name
    store.close()


@pytest.fixture(scope="module")
def stores(
    base: tuple[Many, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Store]]:
    """A store with both portals, and the same with the first alone."""
    folder = tmp_path_factory.mktemp("stores")
    both, alone = copy_of(base[1], folder, "both.db"), copy_of(base[1], folder, "alone.db")
    remove_portal(alone, SECOND)
    yield both, alone
    both.close()
    alone.close()


@pytest.mark.parametrize(("name", "function"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_answers_as_if_the_other_portal_were_not_there(
    base: tuple[Many, Path], stores: tuple[Store, Store], name: str, function: Callable[..., Any]
) -> None:
    """The same answer, the same rows afterwards, and not a row of the other is touched."""
    both, alone = (tried(replace(base[0].context, store=store), function, name) for store in stores)
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
    base: tuple[Many, Path], tmp_path: Path, name: str, function: Callable[..., Any]
) -> None:
    """In the store and in the CRM; and nothing of the other shows in what it made or told."""
    home, file = base
    store = copy_of(file, tmp_path, "both.db")
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
    from plugin.web.app import WebParts, create_app

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
    return found


def test_no_route_shows_or_touches_the_other_portal(base: tuple[Many, Path]) -> None:
    """Asked for the first portal's customer with every key that the operator has."""
    import requests

    home = base[0]
    before, crm_before = rows_of(home.context.store, SECOND), in_crm(home, SECOND)
    person = requests.Session()
    person.trust_env = False
    person.post(f"{home.url}/admin/sign-in", data={"admin_token": ADMIN}, timeout=10)
    asked = routes(home)
    assert len(asked) > 12
    for method, path in asked:
        if path.endswith("/sign-out"):
            continue
        answer = person.request(
            method,
            home.url + path,
            params={"portal": FIRST, "portalId": FIRST, "object": "contact"},
            headers={"Authorization": f"Bearer {ADMIN}"},
            json={} if method != "GET" else None,
            allow_redirects=False,
            timeout=30,
        )
        assert MARK not in answer.text, (method, path)
        if path not in OVERVIEWS:
            assert str(SECOND) not in answer.text, (method, path)
    assert rows_of(home.context.store, SECOND) == before
    assert in_crm(home, SECOND) == crm_before


def test_the_customer_of_the_portal_that_is_named_is_shown_and_no_other(base: tuple[Many, Path]) -> None:
    """The same id, two customers; without a name, nobody's."""
    import requests

    home = base[0]
    address = f"{home.url}/api/v1/customers/{CONTACT}"
    headers = {"Authorization": f"Bearer {ADMIN}"}
    first, second = (
        requests.get(f"{address}?portal={one}", headers=headers, timeout=10).json() for one in (FIRST, SECOND)
    )
    assert first["metrics"] != second["metrics"]
    assert first["written"] != second["written"]
    assert requests.get(address, headers=headers, timeout=10).status_code == 404


def test_events_of_both_portals_in_one_body_mark_each_its_own(
    base: tuple[Many, Path], tmp_path: Path
) -> None:
    """HubSpot does not say whether a body can mix portals."""
    import orjson

    from plugin.jobs.apply import apply_inbox
    from plugin.records import inbox

    store = copy_of(base[1], tmp_path, "both.db")
    context = replace(base[0].context, store=store)
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
