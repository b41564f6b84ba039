"""Records and their links, as answers carry them and as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.errors import CrmProtocolError
from plugin.hubspot.protocol.objects import ASSOCIATION_TYPES, singular

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Association:
    """A link to another record; HubSpot may know several types (and labels) for one link."""

    to_id: int
    type_ids: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the CRM stores it.

    `history` holds (milliseconds, value) newest first; `associations` is keyed by object type. Moments are
    milliseconds since 1970, 0 where HubSpot sent none.
    """

    id: int
    properties: dict[str, str | None]
    history: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    associations: dict[str, list[Association]] = field(default_factory=dict)
    created_at: int = 0
    modified_at: int = 0
    archived: bool = False


def moment(value: Any) -> int:
    """Milliseconds of an ISO 8601 text or a count of milliseconds; 0 for anything else."""
    if isinstance(value, int):
        return value
    try:
        return (datetime.fromisoformat(str(value)) - _EPOCH) // _MILLISECOND
    except (ValueError, TypeError):
        return 0


def results(body: Any) -> list[dict[str, Any]]:
    """The `results` of a list or batch answer."""
    found = body.get("results") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise CrmProtocolError("HubSpot's answer has no list of results.")
    return found


def next_cursor(body: Mapping[str, Any]) -> str | None:
    """Where the next page begins, or None at the end."""
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return str(after) if after is not None else None


def record(wire: Mapping[str, Any]) -> Record:
    """A record of a read, page or search."""
    try:
        return Record(
            id=int(wire["id"]),
            properties=dict(wire.get("properties") or {}),
            history={
                name: _history(dated) for name, dated in (wire.get("propertiesWithHistory") or {}).items()
            },
            associations=_page_associations(wire.get("associations") or {}),
            created_at=moment(wire.get("createdAt")),
            modified_at=moment(wire.get("updatedAt")),
            archived=bool(wire.get("archived")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CrmProtocolError("A record in HubSpot's answer has another shape than documented.") from error


def _history(dated: list[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(moment(one.get("timestamp")), str(one.get("value") or "")) for one in dated]


def _page_associations(wire: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Association]]:
    """A page names types by words (`deal_to_contact`, `contact_to_company_unlabeled`), once per type."""
    found: dict[str, list[Association]] = {}
    for word, listed in wire.items():
        types: dict[int, list[str]] = {}
        for one in listed.get("results") or ():
            types.setdefault(int(one["id"]), []).append(str(one.get("type") or ""))
        found[singular(word)] = [_named_association(number, names) for number, names in types.items()]
    return found


def _named_association(to_id: int, names: list[str]) -> Association:
    type_ids = tuple(number for name in names if (number := _type_id(name)) is not None)
    labels = tuple(name for name in names if _type_id(name) is None)
    return Association(to_id, tuple(dict.fromkeys(type_ids)), tuple(dict.fromkeys(labels)))


def _named_types() -> dict[str, int]:
    """HubSpot's words for association types: with a company, the bare word means the primary one."""
    primary = {f"{a}_to_{b}": number for number, (a, b) in reversed(ASSOCIATION_TYPES.items())}
    unlabeled = {f"{a}_to_{b}_unlabeled": number for number, (a, b) in ASSOCIATION_TYPES.items()}
    return primary | unlabeled


_NAMED_TYPES = _named_types()


def _type_id(name: str) -> int | None:
    return _NAMED_TYPES.get(name.lower())


def truncated(wire: Mapping[str, Any]) -> dict[str, str]:
    """Object types whose associations a page cut short, each with the cursor to go on from.

    HubSpot's trap: it cuts without an error, and says so only in `paging.next`.
    """
    listed = (wire.get("associations") or {}).items()
    return {singular(word): cursor for word, one in listed if (cursor := next_cursor(one)) is not None}


def list_type(body: Any) -> str:
    """The object type of a list: its data stand under `list`, older versions answer them bare."""
    data = body.get("list", body) if isinstance(body, dict) else {}
    return singular(str(data.get("objectTypeId") or ""))


def association(wire: Mapping[str, Any]) -> Association:
    """One link of an associations batch read."""
    types = wire.get("associationTypes") or ()
    labels = tuple(str(one["label"]) for one in types if one.get("label"))
    return Association(int(wire["toObjectId"]), tuple(int(one["typeId"]) for one in types), labels)
