"""How good predictions would have been: fit on a day in the past, look at what followed, beside plain rules.

Rolling origins: at each, every model sees only what was known then. A plain rule that wins is shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from plugin.value.arrays import Floats
from plugin.value.choose import Fit, fit_purchases, frequency_cap
from plugin.value.clv import Terms, values
from plugin.value.histories import Histories
from plugin.value.process import no_purchase
from plugin.value.scores import Future, Score, auc, calibrated, scored
from plugin.value.spend import fit_spend
from plugin.value.summary import summarise

#: The rule of thumb: who bought in the last so many days goes on as before, the others do not.
RULE_DAYS = 90
_FEWEST = 10
_MODELS = ("auto", "mbg-nbd", "bg-nbd", "pareto-nbd")


def backtest(
    orders: pl.DataFrame, origins: Sequence[int], days: int, *, models: Sequence[str] = _MODELS
) -> list[dict[str, Any]]:
    """Per origin (a day number): the customers then, their purchases in the next `days`, and every score.

    `orders` as `summary.summarise` takes them. Origins with fewer than ten customers are left out.
    """
    found = []
    for origin in origins:
        histories = summarise(orders, origin)
        if len(histories) < _FEWEST:
            continue
        future = followed(orders, histories, origin, days)
        scores = [*_rules(orders, histories, future, origin, days)]
        scores += [_modelled(histories, future, name, days) for name in models]
        found.append(
            {
                "origin": origin,
                "customers": len(histories),
                "purchases": float(future.purchases.sum()),
                "scores": [score.__dict__ for score in scores],
            }
        )
    return found


def rolling(first: int, last: int, days: int, count: int) -> list[int]:
    """Up to `count` origins, `days` apart, the last `days` before the end; the first half only teaches."""
    earliest = first + (last - first) // 2
    found = [last - days * (i + 1) for i in range(count)]
    return sorted(origin for origin in found if origin >= earliest) or [max(last - days, first)]


def followed(orders: pl.DataFrame, histories: Histories, origin: int, days: int) -> Future:
    """Distinct purchase days after the origin, and the money of those days."""
    amount = pl.col("amount")
    after = orders.filter((pl.col("day") > origin) & (pl.col("day") <= origin + days))
    after = after.filter(amount.is_null() | (amount > 0))
    each = after.group_by("customer").agg(n=pl.col("day").n_unique(), money=amount.sum())
    rows = pl.DataFrame({"customer": histories.ids}).join(
        each, on="customer", how="left", maintain_order="left"
    )
    filled = rows.select(pl.col("n", "money").fill_null(0).cast(pl.Float64))
    return Future(filled["n"].to_numpy(), filled["money"].to_numpy())


def _rules(orders: pl.DataFrame, histories: Histories, future: Future, origin: int, days: int) -> list[Score]:
    """The plain rules; silence alone is their churn risk."""
    rate = np.divide(histories.x, histories.age, out=np.zeros(len(histories)), where=histories.age > 0) * days
    silence = histories.age - histories.recency
    again = followed(orders, histories, origin - days, days).purchases
    guesses: Mapping[str, Floats] = {
        "own rate": rate,
        "last period again": again,
        f"{RULE_DAYS}-day rule": np.where(silence <= RULE_DAYS, rate, 0.0),
        "nobody buys": np.zeros(len(histories)),
    }
    scores = [scored(name, guess, future) for name, guess in guesses.items()]
    for score in scores:
        if score.name.endswith("rule"):
            score.auc = auc(silence, future.purchases == 0)
    return scores


def _modelled(histories: Histories, future: Future, model: str, days: int) -> Score:
    fit = fit_purchases(histories, model)
    if fit.model is None:
        score = scored(model, np.zeros(len(histories)), future)
        score.notes = [f.message for f in fit.findings]
        return score
    process = fit.process
    expected = process.p_alive(*histories.timing) * process.moments(*histories.timing, float(days))[0]
    risk = no_purchase(process, *histories.timing, float(days))
    score = scored(model if fit.model == model else f"{model} ({_called(fit)})", expected, future)
    score.auc = auc(risk, future.purchases == 0)
    score.calibration = calibrated(risk, future.purchases == 0)
    score.interval = _coverage(histories, future, fit, days)
    score.notes = [f.message for f in fit.findings]
    return score


def _called(fit: Fit) -> str:
    return f"{fit.model}, k = {fit.params['k']:.0f}" if "k" in fit.params else str(fit.model)


def _coverage(histories: Histories, future: Future, fit: Fit, days: int) -> dict[str, float]:
    """Shares of customers whose money ended below, inside, above the 80 % interval; empty without money."""
    spend, _ = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    if spend is None:
        return {}
    terms = Terms(days=float(days), yearly_rate=0.0)
    found = values(fit.process, spend, histories.timing, (histories.paid, histories.mean), terms)
    below, above = future.money < found.low, future.money > found.high
    predicted = float(found.value.sum())
    return {
        "below": float(below.mean()),
        "inside": float((~below & ~above).mean()),
        "above": float(above.mean()),
        "predicted": predicted,
        "came": float(future.money.sum()),
    }
