"""The gate that past days hold: a model that plain rules beat in the portal's own past is not published.

At each past day the model is fitted on what was known then; its expected purchases and its chance of silence
are held against plain rules on what followed. A rule wins only by more than chance: by `BEATEN_BY` standard
errors of the paired difference, over all past days together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plugin.value.arrays import Bools, Floats
from plugin.value.bands import Calibration, calibrate
from plugin.value.choose import fit_purchases
from plugin.value.contests import Contest, nearer, pooled, ranked
from plugin.value.histories import Histories
from plugin.value.lookback import HistoriesAt, Look, looks_between
from plugin.value.process import no_purchase
from plugin.value.rules import guesses, silence
from plugin.value.scores import auc

#: A rule has beaten the model if it is better by so many standard errors (one-sided 5 %).
BEATEN_BY = 1.64
#: … and a model that is published already if it is better by so many (1 %).
CLEARLY_BY = 2.33
#: Past days looked at, days apart and ahead; and what a past day must have to teach a model.
ORIGINS, DAYS = 4, 90
LEAST_CUSTOMERS, LEAST_REPEATERS, LEAST_HISTORY = 50, 15, 90
RECENCY = "recency"
#: Above so many customers a share of them, chosen by id, is looked at.
AT_MOST = 20_000


@dataclass(frozen=True)
class Proof:
    """What the past says of a model.

    `beaten` are sentences, empty where no rule was better by more than chance; `level` names the rules that
    were better by no more than that. `scores` name → {"rmse", "auc"} over all origins, the model's under
    "model"; `calibration` of its chances of silence.
    """

    origins: tuple[int, ...]
    customers: int
    scores: dict[str, dict[str, float | None]]
    beaten: tuple[str, ...]
    level: tuple[str, ...]
    calibration: Calibration

    @property
    def tried(self) -> bool:
        """Whether there was any past day to look at."""
        return bool(self.origins)


def past_days(at: HistoriesAt, day: int) -> list[Look]:
    """The latest past days from which a model could have been learned, oldest first."""
    found: list[Look] = []
    for number in range(1, ORIGINS + 1):
        origin = day - DAYS * number
        known = at(origin)
        enough = (int((known.age > 0).sum()), int((known.x > 0).sum()))
        old = int(known.age.max()) if len(known) else 0
        if enough[0] < LEAST_CUSTOMERS or enough[1] < LEAST_REPEATERS or old < LEAST_HISTORY:
            break
        found.insert(0, looks_between(at, [origin], DAYS)[0])
    return found


def fewer(histories_at: HistoriesAt, customers: int) -> HistoriesAt:
    """The same for a share of the customers, by id, where there are more than `AT_MOST`."""
    share = -(-customers // AT_MOST)
    if share <= 1:
        return histories_at

    def at(day: int) -> Histories:
        whole = histories_at(day)
        mixed = whole.ids.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        chosen: Bools = (mixed >> np.uint64(40)) % np.uint64(share) == 0
        return whole.only(chosen)

    return at


def prove(looks: Sequence[Look], model: str = "auto", *, beaten_by: float = BEATEN_BY) -> Proof:
    """Fit the model at each look and hold it against the plain rules."""
    return proved([one for look in looks if (one := _attempt(look, model)) is not None], beaten_by)


def proved(tries: Sequence[Attempt], beaten_by: float = BEATEN_BY) -> Proof:
    """Hold predictions of past days against the plain rules; a rule wins by so many standard errors."""
    if not tries:
        return Proof((), 0, {}, (), (), Calibration())
    risk, silent = (np.concatenate([t.of_judged(name) for t in tries]) for name in ("risk", "silent"))
    contests = _contests(tries)
    beaten = tuple(_said(name, c, tries[0].look.days) for name, c in contests.items() if c.lost(beaten_by))
    level = tuple(name for name, c in contests.items() if c.lost(0) and not c.lost(beaten_by))
    origins = tuple(t.look.origin for t in tries)
    customers = sum(len(t.risk) for t in tries)
    return Proof(origins, customers, _scores(tries), beaten, level, calibrate(risk, silent))


@dataclass(frozen=True, eq=False)
class Attempt:
    """A model's predictions on one past day: expected purchases, chance of silence.

    `judged` are the customers by whose silence the chances are recalibrated; None: all.
    """

    look: Look
    expected: Floats
    risk: Floats
    judged: Bools | None = None

    def of_judged(self, name: str) -> Floats:
        """`risk` or `silent` of those customers."""
        found: Floats = getattr(self, name)
        return found if self.judged is None else found[self.judged]

    @cached_property
    def silent(self) -> Bools:
        """Who bought nothing in the days after."""
        found: Bools = self.look.future.purchases == 0
        return found

    @cached_property
    def rules(self) -> dict[str, Floats]:
        """What the plain rules would have said."""
        return guesses(self.look)


def _attempt(look: Look, model: str) -> Attempt | None:
    fit = fit_purchases(look.histories, model)
    if fit.model is None:
        return None
    timing, days = look.histories.timing, float(look.days)
    expected = fit.process.p_alive(*timing) * fit.process.moments(*timing, days)[0]
    return Attempt(look, expected, no_purchase(fit.process, *timing, days))


def _scores(tries: Sequence[Attempt]) -> dict[str, dict[str, float | None]]:
    truth = np.concatenate([t.look.future.purchases for t in tries])
    found: dict[str, dict[str, float | None]] = {}
    for name in ("model", *tries[0].rules):
        guess = np.concatenate([t.expected if name == "model" else t.rules[name] for t in tries])
        found[name] = {"rmse": float(np.sqrt(((guess - truth) ** 2).mean())), "auc": None}
    found["model"]["auc"] = _mean([auc(t.risk, t.silent) for t in tries])
    found[RECENCY] = {"rmse": None, "auc": _mean([auc(silence(t.look), t.silent) for t in tries])}
    return found


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def _contests(tries: Sequence[Attempt]) -> dict[str, Contest]:
    """The model against each plain rule's purchases, and its risk against "recency"."""
    truth = np.concatenate([t.look.future.purchases for t in tries])
    expected = np.concatenate([t.expected for t in tries])
    found = {
        name: nearer(expected, np.concatenate([t.rules[name] for t in tries]), truth)
        for name in tries[0].rules
    }
    return {**found, RECENCY: pooled([ranked(t.risk, silence(t.look), t.silent) for t in tries])}


def _said(name: str, contest: Contest, days: int) -> str:
    if name == RECENCY:
        return (
            f"days since the last order told better who would not buy in the next {days} days "
            f"(by {-contest.ahead:.3f} of AUC)"
        )
    return f'the plain rule "{name}" came nearer to the purchases of the next {days} days'
