"""Models of periods on past days: sBG (payments renew contracts), BG/BB (one purchase a period at most)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from plugin.errors import InputError
from plugin.value.arrays import Bools, Floats, Ints
from plugin.value.clv import Terms, Values
from plugin.value.contract_section import LEAST_PAID, LEAST_REFUSED, predictor
from plugin.value.contracts import Payments, contracts_of
from plugin.value.histories import Histories
from plugin.value.lookback import Future, Look
from plugin.value.period_models import PeriodFit, fit_periods, outlook
from plugin.value.renewals import PERIODS, Period
from plugin.value.rounds import Rounds, rounds_of
from plugin.value.scores import Score, auc, calibrated, covered, scored, tenths

_SBG, _BG_BB = "sbg", "bg-bb"


def period_scores(look: Look, orders: pl.DataFrame, period: str) -> list[Score]:
    """sBG and BG/BB by calendar `period` at one look; `orders` as `summary.summarise` takes them."""
    return [contract_score(as_contracts(look, orders, period)), round_score(look, orders, period)]


def at_period_end(origin: int, period: str) -> int:
    """The last day of a period on or before the origin: the running one is then over for everybody."""
    months = np.datetime64(origin + 1, "D").astype("M8[M]").astype(np.int64)
    begin = (months // PERIODS[period] * PERIODS[period]).astype("M8[M]").astype("M8[D]")
    return int(begin.astype(np.int64)) - 1


def contract_score(look: Look) -> Score:
    """How near sBG came, by the contracts of the look's histories."""
    contracts, future = look.histories.contracts, look.future
    terms = Terms(days=float(look.days), yearly_rate=0.0)
    by = predictor(look, terms) if contracts is not None else None
    if contracts is None or by is None:
        return _nothing(_SBG, look, "nobody refused a renewal, or nobody paid one: nothing to fit")
    found = by.predict(contracts.timing, (look.histories.paid, look.histories.mean))
    score = _scored(_SBG, future, found, by.silence(contracts.timing, float(look.days)))
    paid, refused = int(contracts.counted.sum()), int(contracts.left.sum())
    if paid < LEAST_PAID or refused < LEAST_REFUSED:
        score.notes.append(f"rests on {paid} renewals paid and {refused} refused: too few to be published")
    return score


def round_score(look: Look, orders: pl.DataFrame, period: str) -> Score:
    """How near BG/BB came; purchases beyond the first of a period are not what it predicts."""
    length = Period(PERIODS[period]).days
    if look.days < 0.9 * length:
        return _nothing(_BG_BB, look, f"{look.days} days hold no {period}: look further ahead")
    rounds = rounds_of(orders, period, look.origin)
    try:
        fit = fit_periods(rounds, _BG_BB)
    except InputError as error:
        return _nothing(_BG_BB, look, str(error))
    found, silent = _rounds(fit, rounds, look)
    score = _scored(_BG_BB, look.future, found, silent)
    score.notes = [f.message for f in (*rounds.findings, *fit.findings)]
    return score


def _rounds(fit: PeriodFit, rounds: Rounds, look: Look) -> tuple[Values, Floats]:
    """Predictions in the order of the look's customers; 0 for those whom the orders do not know."""
    place = _places(rounds.histories.ids, look.histories.ids)
    found, silent = outlook(fit, rounds, None, Terms(days=float(look.days), yearly_rate=0.0))
    known = place >= 0
    purchases, risk = (
        np.where(known, values[place], other) for values, other in ((found.purchases, 0.0), (silent, 1.0))
    )
    nothing = np.full(len(place), np.nan)
    return Values(found.p_alive[place], purchases, nothing, nothing, nothing, nothing), risk


def as_contracts(look: Look, orders: pl.DataFrame, period: str) -> Look:
    """The look with its customers' orders read as payments of contracts; as it is where it has contracts."""
    histories = look.histories
    if histories.contracts is not None:
        return look
    owner, day, priced, revenue = _payments(histories, orders, look.origin)
    plain = Payments.plain(owner, day, len(histories))
    contracts = contracts_of(plain, look.origin, Period(PERIODS[period]))
    known = np.minimum(priced, contracts.terms)
    mean = np.divide(revenue, known, out=np.full(len(known), np.nan), where=known > 0)
    return replace(look, histories=replace(histories, contracts=contracts, paid=known, mean=mean))


def _payments(histories: Histories, orders: pl.DataFrame, origin: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Owner and day of every purchase day up to the origin; priced days and revenue of every customer."""
    amount = pl.col("amount")
    rows = pl.DataFrame({"customer": histories.ids}).with_row_index("owner")
    seen = orders.filter(pl.col("day") <= origin).join(rows, on="customer")
    each = seen.group_by("owner").agg(
        priced=pl.col("day").filter(amount > 0).n_unique(), revenue=amount.sum()
    )
    every = rows.join(each, on="owner", how="left", maintain_order="left")
    days = seen.filter(amount.is_null() | (amount > 0)).select("owner", "day").unique().sort("owner", "day")
    # a history that began with a free order begins on its day
    begins = pl.DataFrame({"owner": rows["owner"], "day": origin - histories.age}).cast(days.schema)
    days = pl.concat([days, begins]).unique().sort("owner", "day")
    owner, day = (days[name].cast(pl.Int64).to_numpy() for name in ("owner", "day"))
    priced, revenue = every["priced"].fill_null(0), every["revenue"].fill_null(0.0)
    return owner, day, priced.cast(pl.Int64).to_numpy(), revenue.to_numpy()


def _places(known: pl.Series, wanted: pl.Series) -> Ints:
    """Where each wanted id stands among the known ones; −1 where nowhere."""
    index = pl.DataFrame({"id": known}).with_row_index("place")
    found = pl.DataFrame({"id": wanted}).join(index, on="id", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()


def _scored(name: str, future: Future, found: Values, risk: Floats) -> Score:
    silent: Bools = future.purchases == 0
    score = scored(name, found.purchases, future)
    score.auc, score.calibration = auc(risk, silent), calibrated(risk, silent)
    score.tenths = tenths(found.purchases, future.purchases)
    score.interval = covered(future.money, found.value, found.low, found.high)
    return score


def _nothing(name: str, look: Look, why: str) -> Score:
    score = scored(name, np.zeros(len(look.histories)), look.future)
    score.notes = [why]
    return score
