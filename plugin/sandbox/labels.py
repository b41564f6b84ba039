"""Association types: HubSpot's own, and the labels that a portal defines, each with its other direction."""

from __future__ import annotations

import sqlite3
from typing import Any

from plugin.sandbox.documents import Documents
from plugin.sandbox.kinds import DEFAULT_TYPES, PRIMARY_TYPES, Kind
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid

FIRST_LABEL_ID = 10


def labels(documents: Documents, portal: Portal, source: Kind, target: Kind) -> dict[int, dict[str, Any]]:
    """Every association type from `source` to `target` by type id: category, typeId, label."""
    pair = (source.name, target.name)
    found: dict[int, dict[str, Any]] = {}
    if pair in DEFAULT_TYPES:
        number = DEFAULT_TYPES[pair]
        found[number] = {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}
    if pair in PRIMARY_TYPES:
        number = PRIMARY_TYPES[pair]
        found[number] = {"category": "HUBSPOT_DEFINED", "typeId": number, "label": "Primary"}
    for body in documents.all(portal.id, f"{source.name}>{target.name}", "label").values():
        shown = {"category": "USER_DEFINED", "typeId": body["typeId"], "label": body["label"]}
        found[body["typeId"]] = shown
    return found


def inverse_type(documents: Documents, portal: Portal, source: Kind, target: Kind, type_id: int) -> int:
    """The type id of the same association seen from the other record."""
    pair, back = (source.name, target.name), (target.name, source.name)
    if type_id == DEFAULT_TYPES.get(pair):
        return DEFAULT_TYPES[back]
    if type_id == PRIMARY_TYPES.get(pair):
        return PRIMARY_TYPES[back]
    body = documents.get(portal.id, f"{source.name}>{target.name}", "label", str(type_id))
    if body is None:
        raise invalid(f"Association type {type_id} does not exist between {source.name} and {target.name}")
    return int(body["inverse"])


def define_label(
    conn: sqlite3.Connection,
    documents: Documents,
    portal: Portal,
    source: Kind,
    target: Kind,
    label: str,
    inverse_label: str = "",
    type_id: int = 0,
) -> list[dict[str, Any]]:
    """Add a label to an association, in both directions."""
    here, there = f"{source.name}>{target.name}", f"{target.name}>{source.name}"
    used = [
        body["typeId"] for name in (here, there) for body in documents.all(portal.id, name, "label").values()
    ]
    number = type_id or max([FIRST_LABEL_ID, *used]) + 1
    back = number if source is target or type_id else number + 1
    documents.put(
        conn, portal.id, here, "label", str(number), {"typeId": number, "label": label, "inverse": back}
    )
    body = {"typeId": back, "label": inverse_label or label, "inverse": number}
    documents.put(conn, portal.id, there, "label", str(back), body)
    pairs = dict.fromkeys([(number, label), (back, inverse_label or label)])
    return [{"category": "USER_DEFINED", "typeId": item, "label": text} for item, text in pairs]
