"""Endpoints for lists and their memberships."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import kind_of
from plugin.sandbox.problems import invalid, not_found
from plugin.sandbox.values import iso
from plugin.sandbox.web import (
    after_argument,
    answer,
    listed_argument,
    mapping,
    nothing,
    page_limit,
    paging,
    payload,
    portal,
    services,
)

blueprint = Blueprint("lists", __name__, url_prefix="/_api/lists")
MEMBERS_PAGE = 250


@blueprint.post("")
def create_list() -> Response:
    """Add a list."""
    store = services().store
    with store.write() as conn:
        return answer({"list": store.lists.create(conn, portal(), mapping(), store.now())})


@blueprint.get("")
def lists_by_id() -> Response:
    """Several lists by id; those that are not there are left out."""
    store, wanted = services().store, listed_argument("listIds") or []
    known = {one["listId"] for one in store.lists.all(portal())}
    with store.read() as conn:
        found = [store.lists.get(conn, portal(), one) for one in wanted if one in known]
    return answer({"lists": found})


@blueprint.get("/<list_id>")
def get_list(list_id: str) -> Response:
    """One list."""
    store = services().store
    with store.read() as conn:
        return answer({"list": store.lists.get(conn, portal(), list_id)})


@blueprint.delete("/<list_id>")
def drop_list(list_id: str) -> Response:
    """Remove a list."""
    store = services().store
    with store.write() as conn:
        store.lists.drop(conn, portal(), list_id)
    return nothing()


@blueprint.get("/object-type-id/<type_id>/name/<name>")
def list_by_name(type_id: str, name: str) -> Response:
    """One list by its name."""
    store = services().store
    found = store.lists.named(portal(), kind_of(type_id).type_id, name)
    if found is None:
        raise not_found(f"List {name} does not exist")
    with store.read() as conn:
        return answer({"list": store.lists.get(conn, portal(), found["listId"])})


@blueprint.put("/<list_id>/update-list-name")
def rename_list(list_id: str) -> Response:
    """Change a list's name (`listName` in the query)."""
    name = request.args.get("listName")
    if not name:
        raise invalid("listName is missing")
    store = services().store
    with store.write() as conn:
        return answer({"updatedList": store.lists.rename(conn, portal(), list_id, name, store.now())})


@blueprint.post("/search")
def search_lists() -> Response:
    """Lists by words in their name, by id and by processing type."""
    body, store = mapping(), services().store
    words, ids, types = str(body.get("query") or "").lower(), body.get("listIds"), body.get("processingTypes")
    hits = [
        one
        for one in store.lists.all(portal())
        if words in one["name"].lower()
        and (not ids or one["listId"] in [str(item) for item in ids])
        and (not types or one["processingType"] in types)
    ]
    offset, count = int(body.get("offset") or 0), int(body.get("count") or 20)
    with store.read() as conn:
        shown = [_search_result(conn, one) for one in hits[offset : offset + count]]
    more = len(hits) > offset + count
    return answer({"offset": offset + len(shown), "hasMore": more, "total": len(hits), "lists": shown})


def _search_result(conn: Any, one: dict[str, Any]) -> dict[str, Any]:
    size = services().store.lists.size(conn, portal(), one["listId"])
    return one | {"additionalProperties": {"hs_list_size": str(size)}}


@blueprint.get("/<list_id>/memberships")
@blueprint.get("/<list_id>/memberships/join-order")
def memberships(list_id: str) -> Response:
    """The records on a list, a page at a time."""
    store, limit = services().store, page_limit(100, MEMBERS_PAGE)
    with store.read() as conn:
        rows, following = store.lists.page(conn, portal(), list_id, after_argument(), limit)
        total = store.lists.size(conn, portal(), list_id)
    found = [{"recordId": str(number), "membershipTimestamp": iso(at)} for number, at in rows]
    return answer({"results": found, "total": total} | paging(following))


def _ids(given: Any) -> list[int]:
    if not isinstance(given, list):
        raise invalid("Invalid input JSON: a list of record ids is expected")
    return [number_of(one) for one in given]


def _change(list_id: str, add: list[int], remove: list[int]) -> Response:
    store = services().store
    with store.write() as conn:
        return answer(store.lists.change(conn, portal(), list_id, add, remove, store.now()))


@blueprint.put("/<list_id>/memberships/add")
def add_members(list_id: str) -> Response:
    """Put records on a list."""
    return _change(list_id, _ids(payload()), [])


@blueprint.put("/<list_id>/memberships/remove")
def remove_members(list_id: str) -> Response:
    """Take records off a list."""
    return _change(list_id, [], _ids(payload()))


@blueprint.put("/<list_id>/memberships/add-and-remove")
def change_members(list_id: str) -> Response:
    """Put some records on a list and take others off."""
    body = mapping()
    return _change(list_id, _ids(body.get("recordIdsToAdd") or []), _ids(body.get("recordIdsToRemove") or []))


@blueprint.get("/records/<type_id>/<record_id>/memberships")
def lists_of_record(type_id: str, record_id: str) -> Response:
    """The lists that a record is on."""
    store = services().store
    with store.read() as conn:
        found = store.lists.of_record(conn, portal(), kind_of(type_id), number_of(record_id))
    return answer({"results": found, "total": len(found)})
