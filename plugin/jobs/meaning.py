"""What records mean: lifecycle and value brought together, the same for workers and for offline commands.

The two pure rooms do not know each other; here the one gets its predictions from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from plugin.lifecycle import evaluate as lifecycle
from plugin.lifecycle import parameters as comparing
from plugin.lifecycle.evaluate import Customer
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.pasts import Buyers
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping
from plugin.value.clv import Terms
from plugin.value.drift import with_drift_watch
from plugin.value.histories import Histories
from plugin.value.predictor import Predictor, Section
from plugin.value.proof import fewer, past_days
from plugin.value.section import fit_section
from plugin.value.standing import why_empty


def evaluate(
    records: Records,
    mapping: Mapping,
    models: Models,
    parameters: Parameters,
    day: date,
    customers: Sequence[Customer] | None = None,
    *,
    dates: bool = True,
) -> Outcomes:
    """`lifecycle.evaluate` with predictions."""
    return lifecycle.evaluate(
        records, mapping, models, parameters, day, customers, predictor=Predictor, dates=dates
    )


def history(
    records: Records, mapping: Mapping, models: Models, parameters: Parameters, day: date, customer: Customer
) -> list[tuple[date, str, str]]:
    """`lifecycle.history` with predictions."""
    return lifecycle.history(records, mapping, models, parameters, day, customer, predictor=Predictor)


def path(
    records: Records, mapping: Mapping, models: Models, parameters: Parameters, day: date, customer: Customer
) -> list[tuple[date, str]]:
    """`lifecycle.path` with predictions."""
    return lifecycle.path(records, mapping, models, parameters, day, customer, predictor=Predictor)


def fit(
    records: Records,
    mapping: Mapping,
    day: date,
    *,
    present: Parameters | None = None,
    version: int = 1,
    time_zone: str | None = None,
    currency: str | None = None,
    told: Callable[[dict[str, Any]], object] = lambda _: None,
) -> Parameters:
    """Parameters with their value section; `told` hears of values that cannot be read, with examples.

    Against those in force, `present`, a fit of the value models that moves the total too far waits for the
    next one to confirm it.
    """
    fitted = comparing.fit(
        records,
        mapping,
        day,
        version=version,
        time_zone=time_zone,
        currency=currency,
        value=value_section,
        told=told,
    )
    before = (present.value if present else None) or {}
    watched = {
        name: with_drift_watch(before.get(name), section) for name, section in (fitted.value or {}).items()
    }
    return replace(fitted, value=watched or None)


def value_section(at: Callable[[int], Buyers], day: int) -> MappingABC[str, Any]:
    """The value room's section for everyone who had bought by `day`, proven on days before it."""
    everyone = at(day)
    histories = histories_of(everyone)
    some = fewer(lambda on: histories_of(at(on)), len(histories))
    looks = past_days(cache(some), day)  # days ninety apart: each is looked at three times
    section: Section = fit_section(histories, terms=Terms(margin=everyone.margin), looks=looks)
    return section


def no_predictions_because(parameters: Parameters | None, outcome: MappingABC[str, Any]) -> list[str]:
    """Why an outcome (as JSON) has no predictions; empty where it has them."""
    section = ((parameters.value if parameters else None) or {}).get(outcome["object"])
    return why_empty(section, bought=bool(outcome["metrics"].get("purchases")))


def histories_of(buyers: Buyers) -> Histories:
    """Lifecycle's buyers as the value room takes them."""
    return Histories(
        pl.Series(buyers.ids),
        buyers.x,
        buyers.recency,
        buyers.age,
        buyers.log_gaps,
        buyers.paid,
        buyers.mean,
    )
