"""Customers written by hand, for tests that say what becomes of each."""

from __future__ import annotations

from datetime import date

from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.worlds import EPOCH


def at(text: str) -> int:
    """A day as a number."""
    return (date.fromisoformat(text) - EPOCH).days


def sale(text: str, amount: float | None = 100.0, created: str | None = None) -> Deal:
    """A deal won on a day, created on the same one unless said."""
    return Deal(at(created or text), at(text), True, amount)


REGULAR = Person(at("2024-01-01"), [sale("2024-01-10"), sale("2024-02-10"), sale("2024-03-10")])
ONE_TIME = Person(at("2024-01-01"), [sale("2024-02-01", created="2024-01-20")], [at("2024-01-05")])
RETURNING = Person(at("2024-01-10"), [sale("2024-01-10"), sale("2024-02-10"), sale("2024-10-01")])
COLD = Person(at("2024-01-01"), [Deal(at("2024-02-01"), at("2024-03-01"), False)], [at("2024-01-05")])
UNKNOWN = Person(at("2024-01-01"))
QUITTER = Person(
    at("2024-01-10"),
    [sale("2024-01-10"), sale("2024-03-01"), sale("2024-07-01")],
    nps=[(at("2024-03-15"), 10.0)],
    cancelled_on=at("2024-06-01"),
)
BOUND = Person(at("2024-01-10"), [sale("2024-01-10")], contract=[(at("2024-01-10"), at("2025-03-31"))])
NEGOTIATING = Person(at("2024-01-10"), [sale("2024-01-10"), Deal(at("2024-06-01"))])
REFUNDED = Person(at("2024-01-01"), [sale("2024-02-01", 0.0), sale("2024-03-01", -50.0)])
