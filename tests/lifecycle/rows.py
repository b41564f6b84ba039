"""Records written as rows, and what is evaluated from them; for tests of facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters, fit
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, Sources

DAY = date(2026, 6, 30)
BASE = Mapping()


def won(key: int, when: str, amount: Any = 100, who: tuple[int, ...] = (1,), **more: Any) -> dict[str, Any]:
    """A won deal."""
    return {
        "id": key,
        "contact_ids": list(who),
        "createdate": when,
        "closedate": when,
        "amount": amount,
        "hs_is_closed": True,
        "hs_is_closed_won": True,
        **more,
    }


def outcome(
    contacts: list[dict[str, Any]] | None = None,
    deals: list[dict[str, Any]] | None = None,
    history: list[dict[str, Any]] | None = None,
    mapping: Mapping = BASE,
    day: date = DAY,
    companies: list[dict[str, Any]] | None = None,
    parameters: Parameters | None = None,
) -> Outcomes:
    """Evaluate records with parameters of their own."""
    records = Records.from_rows(
        contacts if contacts is not None else [{"id": 1, "createdate": "2026-01-01"}],
        companies or [],
        deals or [],
        history or [],
    )
    chosen = parameters or fit(records, mapping, day)
    return evaluate(records, mapping, load_models(mapping), chosen, day)


def row(found: Outcomes, key: int = 1) -> dict[str, Any]:
    """The outcome of one customer."""
    return found.frame.filter(pl.col("id") == key).row(0, named=True)


def past(name: str, value: str, at: str, key: int = 1, kind: str = "contact") -> dict[str, Any]:
    """One row of property history."""
    return {"object": kind, "id": key, "property": name, "value": value, "at": at}


def with_sources(**named: Any) -> Mapping:
    """The default mapping with other sources of contacts."""
    return replace(BASE, contact=replace(Sources(), **named))
