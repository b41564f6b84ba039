"""What records mean: lifecycle and value brought together, the same for workers and for offline commands.

The two pure rooms do not know each other; here the one gets its predictions from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import fields, replace
from datetime import date
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl

from plugin.lifecycle import evaluate as lifecycle
from plugin.lifecycle import one_path
from plugin.lifecycle import parameters as comparing
from plugin.lifecycle.engines import Customer
from plugin.lifecycle.events import Events
from plugin.lifecycle.hindsight import Hindsight
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.pasts import Buyers
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping
from plugin.value.clv import Terms
from plugin.value.contract_predictor import CONTRACTS, ContractPredictor
from plugin.value.contract_section import fit_contracts_section
from plugin.value.contract_section import gate as contract_gate
from plugin.value.contracts import Payments, contracts_of
from plugin.value.drift import with_drift_watch
from plugin.value.histories import Histories
from plugin.value.predictor import Predictor
from plugin.value.proof import fewer, past_days
from plugin.value.renewals import PERIODS, Period
from plugin.value.section import fit_section, gate, was_open
from plugin.value.standing import rests_on, why_empty


def predictor_by(section: MappingABC[str, Any]) -> Predictor | ContractPredictor:
    """What predicts by one section of the parameters record."""
    return ContractPredictor(section) if section.get("model") == CONTRACTS else Predictor(section)


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
        records, mapping, models, parameters, day, customers, predictor=predictor_by, dates=dates
    )


def history(
    records: Records, mapping: Mapping, models: Models, parameters: Parameters, day: date, customer: Customer
) -> list[tuple[date, str, str]]:
    """`one_path.history` with predictions."""
    return one_path.history(records, mapping, models, parameters, day, customer, predictor=predictor_by)


def path(
    records: Records, mapping: Mapping, models: Models, parameters: Parameters, day: date, customer: Customer
) -> list[tuple[date, str]]:
    """`one_path.path` with predictions."""
    return one_path.path(records, mapping, models, parameters, day, customer, predictor=predictor_by)


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
    before = (present.value if present else None) or {}
    fitted = comparing.fit(
        records,
        mapping,
        day,
        version=version,
        time_zone=time_zone,
        currency=currency,
        value=lambda events, on: value_section(events, mapping, on, before.get(events.object_type)),
        told=told,
    )
    watched = {
        name: with_drift_watch(before.get(name), section) for name, section in (fitted.value or {}).items()
    }
    return replace(fitted, value=watched or None)


def value_section(
    events: Events, mapping: Mapping, day: int, present: MappingABC[str, Any] | None = None
) -> MappingABC[str, Any]:
    """The value room's section for everyone who had bought by `day`, proven on days before it.

    `present` is the one in force: what it publishes is not withdrawn for little.
    """
    past = Hindsight(events, mapping)
    everyone = past.buyers(day)
    terms = Terms(margin=everyone.margin)
    at = cache(partial(known_on, past))  # days ninety apart: each is looked at three times
    histories = at(day)
    contracts = histories.contracts
    opened = was_open(present)
    short = (
        contract_gate(histories, contracts, opened=opened) if contracts else gate(histories, opened=opened)
    )
    # where the data are too few anyway, the past is not looked at: that is most of a fit's work
    looks = [] if short else past_days(cache(fewer(at, len(histories))), day)
    if contracts:
        return fit_contracts_section(histories, contracts, terms=terms, looks=looks, present=present)
    return fit_section(histories, terms=terms, looks=looks, present=present)


def known_on(past: Hindsight, day: int) -> Histories:
    """The histories of everyone who had bought by `day`; with contracts where the mapping says so."""
    found = histories_of(past.buyers(day))
    chosen = past.mapping.purchase
    if chosen.setting != "contract":
        return found
    given = past.payments(day)
    paid = {f.name: getattr(given, f.name) for f in fields(Payments)}
    contracts = contracts_of(Payments(**paid), day, Period(PERIODS[chosen.period]))
    known = np.minimum(given.priced, contracts.terms)
    mean = np.divide(given.revenue, known, out=np.full(len(known), np.nan), where=known > 0)
    return replace(found, paid=known, mean=mean, contracts=contracts)


def no_predictions_because(parameters: Parameters | None, outcome: MappingABC[str, Any]) -> list[str]:
    """Why an outcome (as JSON) has no predictions; empty where it has them."""
    section = ((parameters.value if parameters else None) or {}).get(outcome["object"])
    return why_empty(section, bought=bool(outcome["metrics"].get("purchases")))


def predictions_rest_on(parameters: Parameters | None, outcome: MappingABC[str, Any]) -> list[str]:
    """What an outcome's predictions rest on; empty where it has none."""
    section = ((parameters.value if parameters else None) or {}).get(outcome["object"])
    return rests_on(section, outcome["metrics"])


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
