"""What the portal's definitions of our properties say, kept in the store so that knowing them costs no calls.

Noted at install, read again every six hours by the scheduled check, and whenever a value is refused. A value
is held back only by definitions that were read within the last minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy.engine import Connection

from plugin.errors import CrmError
from plugin.hubspot.client import Crm, Option, PropertyDefinition
from plugin.hubspot.protocol.property_values import Fault, fault_of
from plugin.mapping.model import Mapping
from plugin.records import portals
from plugin.records.store import Store

LIFETIME_MS = 6 * 3_600_000
FRESH_MS = 60_000
_NOTE = "definitions:"
_LONG_AGO = -(10**15)
Known = dict[str, PropertyDefinition]


def names(mapping: Mapping) -> set[str]:
    """The properties whose definitions matter: those that we write."""
    return {output.name for _, output in mapping.crm_outputs()}


def note(
    store: Store,
    connection: Connection,
    portal_id: int,
    object_type: str,
    wanted: Iterable[str],
    found: Iterable[PropertyDefinition],
    now: int,
) -> None:
    """Keep what was just read of the `wanted` properties; those not among `found` are not in the portal."""
    asked = set(wanted)
    body = {
        "at": now,
        "asked": sorted(asked),
        "properties": {one.name: asdict(one) for one in found if one.name in asked},
    }
    portals.set_watermark(connection, store, portal_id, f"{_NOTE}{object_type}", body, now)


def forget(connection: Connection, portal_id: int) -> None:
    """Whoever asks to try again has changed something in the portal: the next write asks what it is like."""
    for object_type in ("contact", "company"):
        portals.clear_watermark(connection, portal_id, f"{_NOTE}{object_type}")


class Definitions:
    """The definitions of one portal; makes a call only where nothing is known or a value is in doubt."""

    def __init__(
        self, store: Store, crm: Crm, portal_id: int, mapping: Mapping, now: Callable[[], int]
    ) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.now = now
        self.names = names(mapping)
        self._known: dict[str, tuple[int, Known]] = {}
        self._away: set[str] = set()  # the CRM did not give them in this round: it is not asked again

    def fault(self, object_type: str, name: str, value: str) -> Fault | None:
        """Why the portal would refuse the value, by definitions of the last minute; None: send it."""
        found = self._judge(object_type, name, value, _LONG_AGO)
        if found is None:
            return None
        return self._judge(object_type, name, value, self.now() - FRESH_MS)

    def _judge(self, object_type: str, name: str, value: str, since: int) -> Fault | None:
        known = self.known(object_type, since)
        return None if known is None else fault_of(name, known.get(name), value)

    def type_of(self, object_type: str, name: str) -> str | None:
        """The property's type by definitions just read; None: it is not there. Raises CrmError."""
        known = self.known(object_type, self.now() - FRESH_MS, strict=True) or {}
        return known[name].type if name in known else None

    def known(self, object_type: str, since: int, *, strict: bool = False) -> Known | None:
        """Definitions read at or after `since` (ms); None where the CRM does not give them now."""
        at, found = self._known.get(object_type) or self._kept(object_type) or (_LONG_AGO - 1, {})
        if at < since:
            if object_type in self._away and not strict:
                return None
            try:
                at, found = self.now(), self.renew(object_type)
            except CrmError:
                self._away.add(object_type)
                if strict:
                    raise
                return None
        self._known[object_type] = (at, found)
        return found

    def of(self, object_type: str, name: str) -> PropertyDefinition | None:
        """The definition as far as it is known; None: unknown, or not there."""
        return (self.known(object_type, _LONG_AGO) or {}).get(name)

    def renew(self, object_type: str) -> Known:
        """Read the definitions anew: one call; raises CrmError."""
        found = {one.name: one for one in self.crm.properties(object_type) if one.name in self.names}
        with self.store.write() as connection:
            note(
                self.store,
                connection,
                self.portal_id,
                object_type,
                self.names,
                found.values(),
                self.now(),
            )
        return found

    def renew_when_old(self, object_type: str) -> None:
        """Read the definitions anew if they are older than their lifetime."""
        self.known(object_type, self.now() - LIFETIME_MS)

    def forget(self, object_type: str) -> None:
        """A refusal contradicts what is kept: the next look asks the CRM."""
        self._known.pop(object_type, None)
        with self.store.write() as connection:
            portals.clear_watermark(connection, self.portal_id, f"{_NOTE}{object_type}")

    def _kept(self, object_type: str) -> tuple[int, Known] | None:
        with self.store.read() as connection:
            body = portals.watermark(connection, self.portal_id, f"{_NOTE}{object_type}")
        if body is None or not self.names <= set(body["asked"]):
            return None  # never read, or the mapping names other properties since
        return int(body["at"]), {name: _definition(one) for name, one in body["properties"].items()}


def _definition(body: dict[str, Any]) -> PropertyDefinition:
    return PropertyDefinition(**{**body, "options": tuple(Option(**one) for one in body["options"])})
