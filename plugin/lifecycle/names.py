"""What people call a customer: a name, where the mapping lets one be read (`extras`); else nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.series import Moment

#: Per object type the properties that make a name, best first; those of one entry are joined.
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "contact": (("firstname", "lastname"), ("email",)),
    "company": (("name",), ("domain",)),
}


def names(outcomes: Outcomes, customers: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The names of (object, id) pairs that have one."""
    wanted = list(customers)
    found: dict[tuple[str, int], str] = {}
    for engine in outcomes.engines:
        kind = engine.events.object_type
        ids = np.array([i for k, i in wanted if k == kind], np.int64)
        properties = [n for choice in NAMES[kind] for n in choice if n in engine.events.texts]
        if not len(ids) or not properties:
            continue
        index = np.searchsorted(engine.events.ids, ids).astype(np.int64)
        rows = engine.facts(Moment(index, np.full(len(ids), engine.today, np.int64)), properties)
        for i, row in zip(ids, rows.iter_rows(named=True), strict=True):
            name = name_of(kind, row)
            if name:
                found[(kind, int(i))] = name
    return found


def name_of(kind: str, row: Mapping[str, Any]) -> str:
    """The name that a row of properties gives; "" where it has none."""
    said = (" ".join(str(row[n]) for n in choice if row.get(n)) for choice in NAMES[kind])
    return next((text for text in said if text), "")
