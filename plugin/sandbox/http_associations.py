"""Endpoints for associations: batch read with paging, create, archive, labels, and the per-record ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from plugin.sandbox import associations, writes
from plugin.sandbox.associations import number_of
from plugin.sandbox.kinds import Kind, default_type, kind_of, path_type
from plugin.sandbox.labels import labels
from plugin.sandbox.problems import invalid, missing_ids_error, not_found
from plugin.sandbox.records import Record
from plugin.sandbox.unit import Unit
from plugin.sandbox.web import (
    batch_answer,
    call,
    id_of,
    inputs,
    nothing,
    paging,
    portal,
    services,
)

blueprint = Blueprint("associations", __name__, url_prefix="/_api")
READ, WRITE, OLD_PAGE = 1_000, 2_000, 100
Row = tuple[int, list[int]]


def association_shape(source: Kind, target: Kind) -> Callable[[Row], list[dict[str, Any]]]:
    """How one associated record is answered: v3 by name, v4 with a number, dated versions with a string."""
    version = call().version
    if version == "v3":
        return lambda row: [{"id": str(row[0]), "type": path_type(source, target, one)} for one in row[1]]
    known = labels(services().store.documents, portal(), source, target)

    def full(row: Row) -> list[dict[str, Any]]:
        number = row[0] if version == "v4" else str(row[0])
        return [{"toObjectId": number, "associationTypes": [known[one] for one in row[1] if one in known]}]

    return full


@blueprint.post("/associations/<source_name>/<target_name>/batch/read")
def read_batch(source_name: str, target_name: str) -> Response:
    """The associations of up to 1,000 records. A long list is cut: follow its entry's `paging.next.after`."""
    source, target, given = kind_of(source_name), kind_of(target_name), inputs(READ)
    size = min(OLD_PAGE, portal().association_page) if call().version == "v3" else portal().association_page
    shape, results, without = association_shape(source, target), list[dict[str, Any]](), list[str]()
    with services().store.read() as conn:
        for one in given:
            number, after = number_of(one.get("id")), number_of(one.get("after") or 0)
            rows, following = associations.page(conn, portal().id, source, number, target, after, size)
            if not rows:
                without.append(str(number))
                continue
            entries = [entry for row in rows for entry in shape(row)]
            results.append({"from": {"id": str(number)}, "to": entries} | paging(following))
    errors = [_none_error(source, target, number) for number in without]
    return batch_answer(results, [] if call().version == "v3" else errors)


def _none_error(source: Kind, target: Kind, number: str) -> dict[str, Any]:
    # Records without associations are not in the results: a 207 names them.
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {target.name} is associated with {source.name} {number}.",
        "context": {
            "fromObjectId": [number],
            "fromObjectType": [source.name],
            "toObjectType": [target.name],
        },
        "links": {},
        "errors": [],
    }


def type_ids_of(given: Any, id_name: str = "associationTypeId") -> list[int]:
    if not isinstance(given, list):
        raise invalid("Invalid input JSON: a list of association types is expected")
    return [int(one[id_name]) for one in given]


def live_pair(unit: Unit, source: Kind, target: Kind, here: Any, there: Any) -> tuple[Record, Record] | None:
    one = unit.fetch(source, [number_of(here)]).get(number_of(here))
    other = unit.fetch(target, [number_of(there)]).get(number_of(there))
    return (one, other) if one is not None and other is not None and one.live and other.live else None


@blueprint.post("/associations/<source_name>/<target_name>/batch/create")
def create_batch(source_name: str, target_name: str) -> Response:
    """Associate up to 2,000 pairs; pairs with a missing record are 207."""
    source, target, given = kind_of(source_name), kind_of(target_name), inputs(WRITE)
    results, errors = list[dict[str, Any]](), list[dict[str, Any]]()
    with services().store.unit(portal().id, call().source) as unit:
        for one in given:
            here, there = id_of(one, "from"), id_of(one, "to")
            pair = live_pair(unit, source, target, here, there)
            if pair is None:
                errors.append(missing_ids_error(source.name, [here, there]))
                continue
            results.append(link_pair(unit, *pair, types_of(one, source, target)))
    return batch_answer(results, errors, status=201)


def types_of(one: dict[str, Any], source: Kind, target: Kind) -> list[int]:
    if "types" in one:
        return type_ids_of(one["types"])
    names = {path_type(source, target, number): number for number in known_types(source, target)}
    if "type" in one and one["type"] not in names:
        raise invalid(f"Invalid association type: {one['type']}")
    return [names[one["type"]]] if "type" in one else []


def known_types(source: Kind, target: Kind) -> dict[int, dict[str, Any]]:
    return labels(services().store.documents, portal(), source, target)


def link_pair(unit: Unit, one: Record, other: Record, type_ids: list[int]) -> dict[str, Any]:
    now_there = writes.link(unit, one, other, type_ids)
    if call().version == "v3":
        plain = {"from": {"id": str(one.id)}, "to": {"id": str(other.id)}}
        return plain | {"type": path_type(one.kind, other.kind, now_there[-1])}
    known = known_types(one.kind, other.kind)
    return {
        "fromObjectTypeId": one.kind.type_id,
        "fromObjectId": str(one.id),
        "toObjectTypeId": other.kind.type_id,
        "toObjectId": str(other.id),
        "labels": [known[number]["label"] for number in now_there if known[number]["label"]],
    }


@blueprint.post("/associations/<source_name>/<target_name>/batch/associate/default")
def create_default_batch(source_name: str, target_name: str) -> Response:
    """Associate pairs without a label."""
    source, target, results = kind_of(source_name), kind_of(target_name), list[dict[str, Any]]()
    with services().store.unit(portal().id, call().source) as unit:
        for one in inputs(WRITE):
            results += link_default_pair(unit, source, target, id_of(one, "from"), id_of(one, "to"))
    return batch_answer(results)


def link_default_pair(unit: Unit, source: Kind, target: Kind, here: Any, there: Any) -> list[dict[str, Any]]:
    pair = live_pair(unit, source, target, here, there)
    if pair is None:
        raise not_found()
    link_pair(unit, *pair, [])
    return [
        {
            "from": {"id": str(one.id)},
            "to": {"id": str(other.id)},
            "associationSpec": {
                "associationCategory": "HUBSPOT_DEFINED",
                "associationTypeId": default_type(one.kind, other.kind),
            },
        }
        for one, other in (pair, pair[::-1])
    ]


@blueprint.post("/associations/<source_name>/<target_name>/batch/archive")
def archive_batch(source_name: str, target_name: str) -> Response:
    """Take associations away, labels and all."""
    source, target = kind_of(source_name), kind_of(target_name)
    with services().store.unit(portal().id, call().source) as unit:
        for one in inputs(WRITE):
            targets = one.get("to") if isinstance(one.get("to"), list) else [one.get("to")]
            for there in targets or ():
                pair = live_pair(unit, source, target, id_of(one, "from"), id_of(there))
                if pair is not None:
                    associations.unlink(unit, *pair)
    return nothing()


@blueprint.post("/associations/<source_name>/<target_name>/batch/labels/archive")
def archive_labels(source_name: str, target_name: str) -> Response:
    """Take labels away; the association stays while it has another type."""
    source, target = kind_of(source_name), kind_of(target_name)
    with services().store.unit(portal().id, call().source) as unit:
        for one in inputs(WRITE):
            pair = live_pair(unit, source, target, id_of(one, "from"), id_of(one, "to"))
            if pair is not None:
                associations.unlink(unit, *pair, type_ids_of(one.get("types")))
    return nothing()
