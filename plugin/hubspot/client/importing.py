"""Imports of a portal: give a file, wait until it is worked off, hear what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plugin.errors import CrmUnavailable
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.protocol import imports
from plugin.hubspot.protocol.imports import Import, RowFault, Rows
from plugin.hubspot.protocol.records import next_cursor, results

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0  # seconds between two looks
LONGEST_WAIT = 6 * 3600.0  # seconds after which an import is given up


@dataclass(frozen=True)
class Imports:
    """The imports of one portal; every method raises CrmError."""

    apis: Apis
    sleep: Callable[[float], None]

    def start(self, object_type: str, rows: Rows, name: str) -> str:
        """Begin to update these records; gives the import's id. Not repeated after a timeout."""
        return imports.state(self.apis.send(imports.start_request(object_type, rows, name))).id

    def look(self, number: str) -> Import:
        """How far the import is."""
        return imports.state(self.apis.send(imports.state_request(number)))

    def wait(self, number: str, between: Callable[[], None] = lambda: None) -> Import:
        """The import when it is over; `between` is called between two looks."""
        pause, waited = _FIRST_PAUSE, 0.0
        while not (found := self.look(number)).over:
            if waited >= LONGEST_WAIT:
                raise CrmUnavailable(f"HubSpot has not worked off import {number} within six hours.")
            self.sleep(pause)
            between()
            waited, pause = waited + pause, min(_LONGEST_PAUSE, pause * 2)
        return found

    def faults(self, number: str, rows: Rows) -> list[RowFault]:
        """What was wrong with which row."""
        names, found = imports.columns(rows), list[RowFault]()
        after: str | None = None
        while True:
            body = self.apis.send(imports.errors_request(number, after))
            found += [imports.fault(wire, names) for wire in results(body)]
            after = next_cursor(body)
            if after is None:
                return found
