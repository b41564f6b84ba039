"""Expectations of a table of customers beside what an outcome says: one by one, and in the same shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from plugin.testing.wire import as_facts


def singly(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The expectations, of facts one each."""
    for what, wanted in expected.items():
        if what == "facts":
            yield from ((f"fact {name}", value) for name, value in wanted.items())
        else:
            yield what, wanted


def got(row: Mapping[str, Any], facts: Mapping[str, Any], what: str, wanted: Any) -> Any:
    """What the outcome says of one expectation; of flags and segments all, in the order named."""
    if what.startswith("fact "):
        name = what.removeprefix("fact ")
        return as_facts(facts, [name])[name]
    if what in ("flags", "segments"):
        had = row["risk_flags" if what == "flags" else "segments"]
        return sorted(had)
    return row[what]


def plain(wanted: Any) -> Any:
    """An expectation as outcomes are told: days as text, lists in order."""
    if isinstance(wanted, date):
        return wanted.isoformat()
    if isinstance(wanted, Mapping):
        return {str(k): plain(v) for k, v in wanted.items()}
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return sorted(wanted)
    return wanted
