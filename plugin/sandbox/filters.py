"""Search filters: one filter becomes a test of a record, with HubSpot's operators and comparisons."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from plugin.sandbox.definitions import Property
from plugin.sandbox.kinds import MODIFIED_NAMES, Kind, kind_of
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid
from plugin.sandbox.records import Record
from plugin.sandbox.values import as_text, moment_of

Test = Callable[[Record], bool]
_NUMBER = re.compile(r"-?\d+(\.\d*)?([eE][-+]?\d+)?\Z")


def matcher(
    conn: sqlite3.Connection,
    portal: Portal,
    kind: Kind,
    schema: dict[str, Property],
    groups: list[list[dict[str, Any]]],
    body: dict[str, Any],
) -> Test:
    built = [[_filter(conn, portal, kind, schema, one) for one in group] for group in groups]
    words = as_text(body.get("query")).lower().split()

    def matches(record: Record) -> bool:
        if built and not any(all(test(record) for test in group) for group in built):
            return False
        text = " ".join(record.properties.get(name) or "" for name in kind.searched).lower() if words else ""
        return all(word in text for word in words)

    return matches


def _filter(
    conn: sqlite3.Connection, portal: Portal, kind: Kind, schema: dict[str, Property], one: dict[str, Any]
) -> Test:
    name, operator = str(one.get("propertyName")), str(one.get("operator"))
    if name.startswith("associations."):
        return _association_test(conn, portal, kind, name, one)
    if name in MODIFIED_NAMES and name != kind.modified:
        return lambda record: False  # the other object's modification date: finds nothing, no error
    if name not in schema:
        raise invalid(f'There was a problem with the request: property "{name}" does not exist')
    if operator not in _OPERATORS:
        raise invalid(f"Invalid operator: {operator}")
    key = sort_key(schema[name])
    value = as_text(one.get("value"))
    if operator.endswith("HAS_PROPERTY") and "value" in one:
        raise invalid(f"{operator} does not take a value")
    values = [key(as_text(item)) for item in one.get("values") or []]
    operands = [key(value), key(as_text(one.get("highValue"))), values, value]
    compare = _OPERATORS[operator]
    return lambda record: compare(
        key(record.properties.get(name) or ""), operands, record.properties.get(name)
    )


def _association_test(
    conn: sqlite3.Connection, portal: Portal, kind: Kind, name: str, one: dict[str, Any]
) -> Test:
    target = kind_of(name.split(".", 1)[1])
    wanted = [as_text(item) for item in one.get("values") or [one.get("value")]]
    marks = ",".join("?" * len(wanted))
    rows = conn.execute(
        "SELECT id FROM associations WHERE portal=? AND kind=? AND to_kind=? AND live "
        f"AND to_id IN ({marks})",
        (portal.id, kind.name, target.name, *wanted),
    )
    ids = {row[0] for row in rows}
    return lambda record: record.id in ids


def sort_key(prop: Property) -> Callable[[str], Any]:
    """How values of a property compare; None for no value."""
    if prop.type == "number":
        return lambda text: Decimal(text) if _NUMBER.match(text) else None
    if prop.type in ("date", "datetime"):
        return lambda text: moment_of(text) if text else None
    return lambda text: text.casefold() if text else None


def _below(a: Any, b: Any) -> bool:
    return a is not None and b is not None and bool(a < b)


def _within(own: Any, low: Any, high: Any) -> bool:
    return own is not None and not _below(own, low) and not _below(high, own)


def _token(pattern: str, text: str | None) -> bool:
    words = re.findall(r"\w+", (text or "").casefold())
    wanted = pattern.casefold()
    if "*" in wanted:
        expression = re.compile(".*".join(re.escape(part) for part in wanted.split("*")))
        return any(expression.fullmatch(word) for word in [*words, (text or "").casefold()])
    return all(part in words for part in re.findall(r"\w+", wanted))


# operator: (value of the record, [value, highValue, values, raw value], raw text of the record) -> bool
# NEQ, NOT_IN and NOT_CONTAINS_TOKEN let records without a value through [?].
_OPERATORS: dict[str, Callable[[Any, list[Any], str | None], bool]] = {
    "EQ": lambda own, given, _: own is not None and own == given[0],
    "NEQ": lambda own, given, _: own != given[0],
    "LT": lambda own, given, _: _below(own, given[0]),
    "LTE": lambda own, given, _: _below(own, given[0]) or (own is not None and own == given[0]),
    "GT": lambda own, given, _: _below(given[0], own),
    "GTE": lambda own, given, _: _below(given[0], own) or (own is not None and own == given[0]),
    "BETWEEN": lambda own, given, _: _within(own, given[0], given[1]),
    "IN": lambda own, given, _: own is not None and own in given[2],
    "NOT_IN": lambda own, given, _: own not in given[2],
    "HAS_PROPERTY": lambda own, given, _: own is not None,
    "NOT_HAS_PROPERTY": lambda own, given, _: own is None,
    "CONTAINS_TOKEN": lambda own, given, text: _token(given[3], text),
    "NOT_CONTAINS_TOKEN": lambda own, given, text: not _token(given[3], text),
}
