"""Tables of customers from a spreadsheet: one event a line, gathered into what a YAML table would say."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from plugin.errors import InputError
from plugin.mapping.findings import did_you_mean
from plugin.mapping.positions import Document, Path
from plugin.testing.table_values import AMOUNT

_COLUMNS = ("customer", "day", "event", "value")
_EVENTS = ("created", "opened", "moved", "won", "lost", "set", "expect")


def from_csv(text: str, name: str) -> Document:
    """Lines of customer, day, event, value, and `deal` where a customer has several at a time.

    The document says on which line everything stands, and every fault of a line.
    """
    document = Document()
    customers: dict[str, _Lines] = {}
    for line, row in _rows(text, name, document):
        who = row["customer"].strip()
        one = customers.setdefault(who, _Lines(who, len(customers), document, line))
        one.event(row, line)
    if customers:
        document.value = {"customers": [one.case() for one in customers.values()]}
        document.places.setdefault((), (1, 1))
    return document


def _rows(text: str, name: str, document: Document) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line that says something, with its number."""
    reader = csv.DictReader(io.StringIO(text), restval="", strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        said = f"{name}:{reader.line_num}: this is not CSV: {error}."
        raise InputError(said, cure="Mind the quotes; save it as CSV with commas, in UTF-8.") from error
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if missing or not rows:
        cure = f"The header is {','.join(_COLUMNS)} (and deal, where deals overlap)."
        raise InputError(f"{name} lacks lines or the columns {', '.join(missing)}.", cure=cure)
    for line, row in rows:
        if None in row:
            said = "this line has more cells than the header."
            document.fault((line, 1), said, "Put a value with commas between quotes.")
        elif not row["customer"].strip():
            document.fault((line, 1), "no customer is named.", "Name one on every line.")
        else:
            yield line, row


class _Lines:
    """The lines of one customer, gathered into what a YAML table would say of it."""

    def __init__(self, name: str, number: int, document: Document, line: int) -> None:
        self.said: dict[str, Any] = {"name": name}
        self.deals: dict[str, dict[str, Any]] = {}
        self.path: Path = ("customers", number)
        self.document = document
        self._stands(line)

    def case(self) -> dict[str, Any]:
        """The customer, as YAML would say it."""
        return {**self.said, "deals": [*self.deals.values()]}

    def event(self, row: Mapping[str, str], line: int) -> None:
        """One line of it."""
        event, value, on = row["event"].strip(), row["value"].strip(), row["day"].strip()
        if event not in _EVENTS:
            said = f"there is no event {event!r}."
            self.document.fault((line, 1), said, did_you_mean(event, _EVENTS, "events"))
        elif event == "created":
            self.said["created"] = on
            self._stands(line, "created")
        elif event == "expect":
            self.said.setdefault("expect", {})[on] = value
            self._stands(line, "expect", on)
            self._stands(line, "expect", on, "<key>")
        elif event == "set":
            self._set(value, on, line)
        else:
            self._deal(row.get("deal", "").strip(), event, on, value, line)

    def _stands(self, line: int, *path: str | int) -> None:
        self.document.places[(*self.path, *path)] = (line, 1)

    def _set(self, value: str, on: str, line: int) -> None:
        name, sign, text = (part.strip() for part in value.partition("="))
        if not name or not sign:
            self.document.fault((line, 1), f"{value!r} sets nothing.", "Write `property=value`.")
            return
        changes = self.said.setdefault("changes", [])
        self._stands(line, "changes", len(changes))
        changes.append({"on": on, name: text})

    def _deal(self, name: str, event: str, on: str, value: str, line: int) -> None:
        deal = self.deals.setdefault(name or f"{len(self.deals)}", {})
        number = [*self.deals].index(name) if name else len(self.deals) - 1
        self.document.places.setdefault((*self.path, "deals", number), (line, 1))
        self._stands(line, "deals", number, event)
        if event == "moved":
            deal.setdefault("moved", []).append(on)
            return
        deal[event] = on
        if value:
            self._stands(line, "deals", number, "amount")
            try:
                deal["amount"] = float(value)
            except ValueError:
                self.document.fault((line, 1), f"{value!r} is no amount.", AMOUNT)
