"""Reads of many records: batches, merged and missing ids, pages, associations to their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from plugin.errors import CrmProtocolError
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.client.values import Page, ReadResult
from plugin.hubspot.protocol import records as shapes
from plugin.hubspot.protocol.objects import plural
from plugin.hubspot.protocol.records import Association, Record
from plugin.hubspot.protocol.requests import (
    ASSOCIATIONS_BATCH_SIZE,
    BATCH_SIZE,
    HISTORY_BATCH_SIZE,
    HISTORY_PAGE_SIZE,
    LONGEST_URL,
    PAGE_SIZE,
    associations_body,
    page_length,
    read_body,
)
from plugin.hubspot.protocol.responses import RowError, row_errors

T = TypeVar("T")
#: Where a record keeps the ids that were merged into it; contacts have both.
_MERGED_INTO = ("hs_merged_object_ids", "hs_calculated_merged_vids")


def read_all(
    apis: Apis, object_type: str, ids: Sequence[int], properties: Sequence[str], history: Sequence[str]
) -> ReadResult:
    """Read the records by id, in as few calls as HubSpot allows."""
    found: dict[int, Record] = {}
    missing: list[int] = []
    aliases: dict[int, int] = {}
    wanted = tuple(dict.fromkeys((*properties, *_MERGED_INTO)))
    for chunk in chunks(list(dict.fromkeys(ids)), HISTORY_BATCH_SIZE if history else BATCH_SIZE):
        body = apis.records.read(plural(object_type), read_body(chunk, wanted, history))
        read = [shapes.record(wire) for wire in shapes.results(body)]
        gone = _missing(body)
        aliases |= _aliases(set(chunk) - gone, read)
        missing += [number for number in chunk if number in gone]
        found |= {one.id: one for one in read}
    absorbed = {one.id: old for one in found.values() if (old := _merged_into(one) - {one.id})}
    hidden = set(_MERGED_INTO) - set(properties)
    for one in found.values():
        for name in hidden:
            one.properties.pop(name, None)
    return ReadResult(list(found.values()), missing, aliases, absorbed)


def _missing(body: dict[str, Any]) -> set[int]:
    errors = row_errors([one for one in body.get("errors") or () if isinstance(one, dict)])
    for error in errors:
        if not _says_not_found(error):
            raise CrmProtocolError(
                f"HubSpot could not read some records: {error.message}", category=error.code
            )
    return {number for error in errors for number in error.ids}


def _says_not_found(error: RowError) -> bool:
    return "NOT_FOUND" in f"{error.category} {error.code}"


def _aliases(asked: set[int], read: Sequence[Record]) -> dict[int, int]:
    """Asked ids that were answered by another record: HubSpot reads a merged id as the merge's new record."""
    open_ids = asked - {one.id for one in read}
    strangers = [one for one in read if one.id not in asked]
    found = {old: one.id for one in read for old in _merged_into(one) & open_ids}
    open_ids -= found.keys()
    if len(open_ids) == 1 and len(strangers) == 1:
        found[open_ids.pop()] = strangers[0].id
    if open_ids:
        raise CrmProtocolError(f"HubSpot answered neither a record nor an error for {len(open_ids)} ids.")
    return found


def _merged_into(one: Record) -> set[int]:
    """The ids in `1;2` or, with moments, `1:1690000000000;2:1690000000000`."""
    listed = ";".join(one.properties.get(name) or "" for name in _MERGED_INTO)
    words = (part.partition(":")[0] for part in listed.split(";"))
    return {int(word) for word in words if word.isascii() and word.isdigit()}


def read_page(
    apis: Apis,
    object_type: str,
    properties: Sequence[str],
    history: Sequence[str],
    associations: Sequence[str],
    after: str | None,
    limit: int | None,
) -> Page:
    """One page of all records, with every association of each."""
    long = page_length(object_type, properties, history) > LONGEST_URL
    most = HISTORY_PAGE_SIZE if history else PAGE_SIZE
    body = apis.pages.get_page(
        plural(object_type),
        limit=min(limit or most, most),
        after=after,
        properties=None if long else list(properties) or None,
        properties_with_history=None if long else list(history) or None,
        associations=[plural(one) for one in associations] or None,
    )
    wires = shapes.results(body)
    listed = [shapes.record(wire) for wire in wires]
    if long:  # HubSpot answers 414: the page gives the ids, a batch read the rest
        listed = _filled(listed, read_all(apis, object_type, [r.id for r in listed], properties, history))
    _complete(apis, object_type, {one.id: one for one in listed}, wires)
    return Page(listed, shapes.next_cursor(body))


def _filled(listed: list[Record], read: ReadResult) -> list[Record]:
    full = {one.id: one for one in read.records}
    for one in listed:
        if one.id in full:
            one.properties.update(full[one.id].properties)
            one.history.update(full[one.id].history)
    return listed


def _complete(
    apis: Apis, object_type: str, listed: dict[int, Record], wires: Sequence[dict[str, Any]]
) -> None:
    """Read the associations again where the page cut them short; the page's cursor is of no use elsewhere."""
    cut: dict[str, list[int]] = {}
    for wire in wires:
        for to_type in shapes.truncated(wire):
            cut.setdefault(to_type, []).append(int(wire["id"]))
    for to_type, ids in cut.items():
        for number, links in read_associations(apis, object_type, to_type, ids).items():
            if number in listed:
                listed[number].associations[to_type] = links


def read_associations(
    apis: Apis, from_type: str, to_type: str, ids: Sequence[int]
) -> dict[int, list[Association]]:
    """Every association of these records with that type, following each record's own cursor to its end."""
    found: dict[int, dict[int, Association]] = {number: {} for number in ids}
    cursors: list[tuple[int, str | None]] = [(number, None) for number in found]
    while cursors:
        following: list[tuple[int, str | None]] = []
        for chunk in chunks(cursors, ASSOCIATIONS_BATCH_SIZE):
            body = apis.associations.get_page(plural(from_type), plural(to_type), associations_body(chunk))
            following += _take(body, found, dict(chunk))
        cursors = following
    return {number: list(links.values()) for number, links in found.items()}


def _take(
    body: dict[str, Any], found: dict[int, dict[int, Association]], asked: dict[int, str | None]
) -> list[tuple[int, str | None]]:
    following: list[tuple[int, str | None]] = []
    for wire in shapes.results(body):
        number = int(wire["from"]["id"])
        for one in map(shapes.association, wire.get("to") or ()):
            found.setdefault(number, {})[one.to_id] = one
        after = shapes.next_cursor(wire)
        if after is not None and after == asked.get(number):
            raise CrmProtocolError("HubSpot's cursor for associations does not move on.")
        if after is not None:
            following.append((number, after))
    # a record without associations is answered by nothing, or by an entry among the errors
    for error in row_errors([one for one in body.get("errors") or () if isinstance(one, dict)]):
        if not _says_not_found(error) and "NO_ASSOCIATIONS" not in error.code:
            raise CrmProtocolError(
                f"HubSpot could not read associations: {error.message}", category=error.code
            )
    return following


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, at most `size` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
