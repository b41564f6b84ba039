"""How good predictions would have been: fit on a day in the past, look at what followed, beside plain rules.

Rolling origins: at each, every model sees only what was known then. A plain rule that wins is shown as such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from plugin.value.choose import Fit, fit_purchases, frequency_cap
from plugin.value.clv import Terms
from plugin.value.lookback import Look, looks_at_orders
from plugin.value.predictor import predictor_of
from plugin.value.rules import guesses, silence
from plugin.value.scores import Score, auc, calibrated, covered, scored, tenths
from plugin.value.spend import fit_spend

#: At an origin with fewer customers nothing can be said.
FEWEST = 10
_MODELS = ("auto", "mbg-nbd", "bg-nbd", "pareto-nbd")


def backtest(
    orders: pl.DataFrame, origins: Sequence[int], days: int, *, models: Sequence[str] = _MODELS
) -> list[dict[str, Any]]:
    """`compared` at each origin (a day number) of the orders, as `summary.summarise` takes them."""
    return [found for look in looks_at_orders(orders, origins, days) if (found := compared(look, models))]


def compared(
    look: Look, models: Sequence[str] = _MODELS, more: Callable[[Look], Sequence[Score]] = lambda _: ()
) -> dict[str, Any] | None:
    """The customers at the look's day, what they bought after it, and the score of every rule and model.

    `more` gives scores of further models. None where there were fewer than ten customers.
    """
    if len(look.histories) < FEWEST:
        return None
    scores = [*_rules(look), *(_modelled(look, name) for name in models), *more(look)]
    return {
        "origin": look.origin,
        "customers": len(look.histories),
        "purchases": float(look.future.purchases.sum()),
        "scores": [score.__dict__ for score in scores],
    }


def _rules(look: Look) -> list[Score]:
    """The plain rules; silence alone is their churn risk."""
    scores = [scored(name, guess, look.future) for name, guess in guesses(look).items()]
    for score in scores:
        if score.name.endswith("rule"):
            score.auc = auc(silence(look), look.future.purchases == 0)
    return scores


def _modelled(look: Look, model: str) -> Score:
    histories, future = look.histories, look.future
    fit = fit_purchases(histories, model)
    if fit.model is None:
        score = scored(model, np.zeros(len(histories)), future)
        score.notes = [f.message for f in fit.findings]
        return score
    spend, _ = fit_spend(histories.paid, histories.mean, frequency_cap(histories.x))
    by = predictor_of(fit, spend, Terms(days=float(look.days), yearly_rate=0.0), float(look.days))
    found = by.predict(histories.timing, (histories.paid, histories.mean))
    risk, silent = by.p_no_purchase(histories.timing), future.purchases == 0
    score = scored(model if fit.model == model else f"{model} ({_called(fit)})", found.purchases, future)
    score.auc = auc(risk, silent)
    score.calibration = calibrated(risk, silent)
    score.tenths = tenths(found.purchases, future.purchases)
    score.interval = covered(future.money, found.value, found.low, found.high) if spend else {}
    score.notes = [f.message for f in fit.findings]
    return score


def _called(fit: Fit) -> str:
    return f"{fit.model}, k = {fit.params['k']:.0f}" if "k" in fit.params else str(fit.model)
