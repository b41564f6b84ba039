"""What customers' facts are looked up in: the engine of one object type, made of the records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import polars as pl

from plugin.lifecycle.catalogue import FACTS
from plugin.lifecycle.events import build_events
from plugin.lifecycle.facts import Engine
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.predictions import PredictorOf, chosen
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.series import EVER, Points
from plugin.lifecycle.turning_days import outcomes
from plugin.mapping.model import Mapping

Customer = tuple[str, int]  # object type and id

EPOCH = date(1970, 1, 1)
_EVES = 1_000_000  # eves of purchases looked at once


def make_engine(
    records: Records,
    mapping: Mapping,
    models: Models,
    parameters: Parameters,
    day: date,
    object_type: str,
    wanted: Iterable[int] | None = None,
    *,
    predictor: PredictorOf | None = None,
) -> Engine:
    """Everything that the facts of one object type's customers are looked up in."""
    if wanted is not None:
        records = _only(records, object_type, list(wanted))
    zone = mapping.time_zone or parameters.time_zone
    events = build_events(records, mapping, object_type, zone, mapping.currency or parameters.currency)
    by = chosen(predictor, parameters.value, object_type)
    today = (day - EPOCH).days
    # a record without a date of its own is not later than today because something later belongs to it
    events.born[(events.created == EVER) & (events.born > today)] = EVER
    engine = Engine(events, mapping, parameters, today, by, models.derived)
    engine.reactivations = reactivations(engine, models)
    return engine


def _only(records: Records, object_type: str, wanted: list[int]) -> Records:
    """The records with no other customers than the wanted ones; what belongs to them stays."""
    chosen = pl.col("id").is_in(wanted)
    if object_type == "company":
        return Records(records.contacts, records.companies.filter(chosen), records.deals, records.history)
    return Records(records.contacts.filter(chosen), records.companies, records.deals, records.history)


def reactivations(engine: Engine, models: Models) -> Points:
    """The purchases, not the first, on whose eve the customer was sleeping or lost.

    `gap`: days since the purchase before.
    """
    purchases = engine.events.points["purchases"]
    later = np.ones(len(purchases.keys), dtype=bool)
    begins = purchases.first[:-1][np.diff(purchases.first) > 0]
    later[begins] = False
    owner, day = purchases.customers[later], purchases.days[later]
    gap = np.diff(purchases.days, prepend=0)[later]
    asleep = [np.empty(0, dtype=bool)]
    for i in range(0, len(owner), _EVES):
        part = slice(i, i + _EVES)
        found = outcomes(engine, models.eve_plan, owner[part], day[part] - 1)["dormant"]
        asleep.append((found == 1).to_numpy())
    woken = np.concatenate(asleep)
    return Points.of(owner[woken], day[woken], engine.events.size, {"gap": gap[woken]})


def shown_facts(models: Models) -> list[str]:
    """Every fact of an outcome: the catalogue's, derived ones, properties that rules or sentences name."""
    named = [name for name in models.facts if name in models.blanks]
    return list(dict.fromkeys([*FACTS, *models.derived, *models.whole_plan.facts, *named]))
