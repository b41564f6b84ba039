"""Batch updates that land row by row: HubSpot refuses a batch for one bad value; refused ones are split.

What the refusal names is used first (ids, property names, the value quoted in its words); halving comes last.
One bad row of a hundred costs two calls when named or quoted, and fifteen at most when not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from plugin.errors import CrmProtocolError, CrmRefused
from plugin.hubspot.client.values import Failed, Updated, UpdateResult
from plugin.hubspot.protocol.records import moment, results
from plugin.hubspot.protocol.responses import RowError, row_errors

Rows = dict[int, dict[str, str]]
Send = Callable[[Rows], Any]

#: Refusals that are about some rows; anything else is about the request or the account.
_ABOUT_ROWS = frozenset({400, 404, 409, 422})
#: Codes about a property whatever its value: it was removed or became read-only in the portal.
_PROPERTY_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "PROPERTY_NOT_FOUND"})
#: A property refused in so many rows, and landed in none, was retyped: it is left out of the others.
_RETYPED_AFTER = 5
#: So many rows refused alone, for the same reason and with no row landed: the reason is not in the rows.
_HOPELESS_AFTER = 8


def land(rows: Mapping[int, Mapping[str, str]], send: Send) -> UpdateResult:
    """Update the rows through `send` (one call's decoded answer); raises what is not about single rows."""
    landing = _Landing(send)
    landing.attempt({number: dict(values) for number, values in rows.items()})
    return UpdateResult(list(landing.updated.values()), landing.failed)


class _Landing:
    def __init__(self, send: Send) -> None:
        self._send = send
        self.updated: dict[int, Updated] = {}
        self.failed: list[Failed] = []
        self._landed_properties: set[str] = set()
        self._refused_rows: dict[str, Rows] = {}
        self._retyped: set[str] = set()
        self._acquitted: set[tuple[str, str]] = set()

    def attempt(self, rows: Rows) -> bool:
        """Try these rows in one call; False if they were refused (and have been dealt with)."""
        refusal = self._try(rows) if rows else None
        if refusal is not None:
            self._deal_with(rows, refusal)
        return refusal is None

    def _try(self, rows: Rows) -> CrmRefused | None:
        try:
            updated, failed = settle(rows, self._send(rows))
        except CrmRefused as error:
            if error.status not in _ABOUT_ROWS:
                raise
            return error
        self.updated |= {one.id: one for one in updated}
        self.failed += failed
        self._landed_properties |= {name for one in updated for name in rows[one.id]}
        return None

    def _deal_with(self, rows: Rows, error: CrmRefused) -> None:
        """These rows hold at least one that HubSpot refuses with this error."""
        faults = row_errors(error.details) or [RowError((), error.category, error.message)]
        if dead := self._dead_properties(rows, faults):
            self._without(rows, dead)
        elif named := {n: fault for fault in faults for n in fault.ids if n in rows}:
            for number, fault in named.items():
                self._fail(number, rows[number], fault, error)
            self.attempt(_less(rows, named))
        elif len(rows) == 1:
            for number, values in rows.items():
                self._fail(number, values, faults[0], error)
        else:
            self._search(rows, faults, error)

    def _search(self, rows: Rows, faults: list[RowError], error: CrmRefused) -> None:
        suspects, name, value = _quoted(rows, faults, error.message, self._acquitted)
        if 0 < len(suspects) < len(rows):
            self._suspected(_less(rows, suspects), suspects, error)
        elif suspects:
            self._condemn(suspects, name, value, faults[0], error)
        else:
            self._halve(rows, error)

    def _halve(self, rows: Rows, error: CrmRefused) -> None:
        numbers = list(rows)
        first = {number: rows[number] for number in numbers[: len(numbers) // 2]}
        self._one_of(first, _less(rows, first), error)

    def _one_of(self, first: Rows, second: Rows, error: CrmRefused) -> None:
        """One of the two is bad: if the first lands, the second is known to be, without asking."""
        if self.attempt(first):
            self._deal_with(second, error)
        else:
            self.attempt(second)

    def _suspected(self, others: Rows, suspects: Rows, error: CrmRefused) -> None:
        """As above, but if the others are refused, too, the suspects come first: the property shows soon."""
        refusal = self._try(others)
        if refusal is None:
            self._deal_with(suspects, error)
        else:
            self.attempt(suspects)
            self._deal_with(others, refusal)

    def _condemn(self, rows: Rows, name: str, value: str, fault: RowError, error: CrmRefused) -> None:
        """All hold the same suspected value: one of them, tried alone, decides for all."""
        number = next(iter(rows))
        rest = _less(rows, (number,))
        if self.attempt({number: rows[number]}):
            self._acquitted.add((name, value))
            self._deal_with(rest, error)
        elif self.failed[-1].property == name:
            for other, values in rest.items():
                self._fail(other, values, fault, error)
        else:
            self.attempt(rest)

    def _dead_properties(self, rows: Rows, faults: list[RowError]) -> dict[str, RowError]:
        held = {name for values in rows.values() for name in values}
        return {
            name: fault
            for fault in faults
            for name in fault.properties
            if name in held and (fault.code in _PROPERTY_CODES or self._looks_retyped(name, rows, faults))
        }

    def _looks_retyped(self, name: str, rows: Rows, faults: list[RowError]) -> bool:
        """Every value that was looked at is refused: one by one before, or all in this one answer."""
        held = {values[name] for values in rows.values() if name in values}
        said = {one.message for one in faults if name in one.properties}
        if len(said) >= max(_RETYPED_AFTER, len(held)) and name not in self._landed_properties:
            self._retyped.add(name)
        values = {row[name] for row in self._refused_rows.get(name, {}).values()}
        if len(values) >= _RETYPED_AFTER and name not in self._landed_properties:
            self._retyped.add(name)
        return name in self._retyped

    def _without(self, rows: Rows, dead: Mapping[str, RowError]) -> None:
        """Report the properties for each row that holds them, and let the other fields go on."""
        again = {n: values for name in dead for n, values in self._refused_rows.pop(name, {}).items()}
        self.failed = [one for one in self.failed if one.id not in again]
        rows = again | rows
        for number, values in rows.items():
            for name in dead.keys() & values.keys():
                self.failed.append(Failed(number, dead[name].code, dead[name].message, name))
        left = {n: {k: v for k, v in values.items() if k not in dead} for n, values in rows.items()}
        self.attempt({number: values for number, values in left.items() if values})

    def _fail(self, number: int, values: dict[str, str], fault: RowError, error: CrmRefused) -> None:
        name = next((one for one in fault.properties if one in values), None)
        code = fault.code or error.category or str(error.status)
        self.failed.append(Failed(number, code, fault.message or error.message, name))
        if name is not None:
            self._refused_rows.setdefault(name, {})[number] = values
        elif not fault.ids and not self.updated:
            reasons = Counter((one.code, one.message) for one in self.failed)
            if reasons[(code, fault.message or error.message)] >= _HOPELESS_AFTER:
                raise error


def settle(rows: Rows, body: Any) -> tuple[list[Updated], list[Failed]]:
    """The outcome of an accepted batch (200, or 207 on some versions): each input must be accounted for."""
    updated = [
        Updated(int(one["id"]), moment(one.get("updatedAt")), dict(one.get("properties") or {}))
        for one in results(body)
    ]
    errors = row_errors([entry for entry in body.get("errors") or () if isinstance(entry, dict)])
    failed = {n: Failed(n, one.code, one.message, _first(one)) for one in errors for n in one.ids}
    silent = [one for one in errors if not one.ids]
    open_rows = rows.keys() - {one.id for one in updated} - failed.keys()
    if len(silent) == 1 or len(silent) == len(open_rows):
        reason = silent[0] if silent else None
        if reason is not None:
            failed |= {n: Failed(n, reason.code, reason.message, _first(reason)) for n in open_rows}
            open_rows = set()
    strangers = {one.id for one in updated} - rows.keys()
    if open_rows or strangers or len(updated) + len(failed) != len(rows):
        raise CrmProtocolError(
            f"HubSpot answered {len(updated)} results and {len(failed)} errors to {len(rows)} inputs."
        )
    return updated, list(failed.values())


def _first(fault: RowError) -> str | None:
    return fault.properties[0] if fault.properties else None


def _less(rows: Rows, taken: Any) -> Rows:
    return {number: values for number, values in rows.items() if number not in taken}


def _quoted(
    rows: Rows, faults: list[RowError], message: str, acquitted: set[tuple[str, str]]
) -> tuple[Rows, str, str]:
    """The rows that hold the value which the refusal quotes, with the property and the value.

    HubSpot writes `x was not one of the allowed options: [...]`; the list behind it quotes good values.
    """
    for fault in faults:
        words = (fault.message or message).partition("allowed options")[0]
        for name in fault.properties:
            held = {values[name] for values in rows.values() if values.get(name)}
            said = [one for one in held if (name, one) not in acquitted and _says(words, one)]
            if said:
                value = max(said, key=lambda one: (words.startswith(one), len(one)))
                return {n: values for n, values in rows.items() if values.get(name) == value}, name, value
    return {}, "", ""


def _says(words: str, value: str) -> bool:
    """Whether the value stands there as a word of its own, not as part of another."""
    if words.startswith(f"{value} "):
        return True
    return len(value) > 2 and re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w.-])", words) is not None
