"""What customers answered: NPS with its margin, CSAT as the share of top-box answers.

Of each customer the latest answer in the period counts; to date, the latest of all.
"""

from __future__ import annotations

import math
from dataclasses import replace

from plugin.mapping.model import CsatScale
from plugin.portfolio.view import RATE_GATE, Metric, View, share, withheld
from plugin.portfolio.voice import latest_of

CONFIDENCE, _Z = 0.95, 1.959964
_MOST_OFF = 0.1  # of the answers off the declared scale: then it is not the scale they are given on


def nps(view: View) -> Metric:
    """Promoters less detractors, in points, with the margin of error."""
    if "nps" in view.unmapped:
        return withheld("nps", "score", "not_mapped", RATE_GATE)
    promoters, passive, detractors = (_latest(view, "nps", d) for d in ("promoter", "passive", "detractor"))
    answers = promoters + passive + detractors
    found = share("nps", "score", 100 * (promoters - detractors), answers, answers, RATE_GATE)
    notes = {
        "promoters": promoters,
        "passives": passive,
        "detractors": detractors,
        "margin": margin(promoters, passive, detractors),
        "confidence": CONFIDENCE,
    }
    return replace(found, numerator=promoters - detractors, notes=notes)


def margin(promoters: int, passive: int, detractors: int) -> float | None:
    """Half the 95 % interval of an NPS in points; None without answers.

    1.96 standard errors of the mean of +1, 0 and −1, with three answers added (¾ promoters, 1½ passives,
    ¾ detractors): the adjusted Wald interval, which is not zero where all agree.
    """
    if not promoters + passive + detractors:
        return None
    n = promoters + passive + detractors + 3
    up, down = (promoters + 0.75) / n, (detractors + 0.75) / n
    return 100 * _Z * math.sqrt((up + down - (up - down) ** 2) / n)


def csat(view: View) -> Metric:
    """The share of answers in the top box of the declared scale."""
    if "csat" in view.unmapped:
        return withheld("csat", "share", "not_mapped", RATE_GATE)
    top, below, off = (_latest(view, "csat", detail) for detail in ("top", "below", "off_scale"))
    answers = top + below
    notes = {
        **scale_notes(view.csat_scale),
        "mean": _latest(view, "csat", sums=True) / 1000 / answers if answers else None,
        "off_scale": off,
    }
    if off > _MOST_OFF * (answers + off):
        return withheld("csat", "share", "off_scale", RATE_GATE, answers, **notes)
    return share("csat", "share", top, answers, answers, RATE_GATE, **notes)


def scale_notes(scale: CsatScale) -> dict[str, float]:
    """The declared scale and its top box."""
    return {"lowest": scale.lowest, "highest": scale.highest, "satisfied_from": scale.satisfied_from}


def _latest(view: View, name: str, detail: str = "", *, sums: bool = False) -> int:
    if view.whole:
        return view.figures.now(f"{name}_sum" if sums else name, detail)
    measure = latest_of(name, view.period.kind)
    return view.figures.total(f"{measure}_sum" if sums else measure, [view.period.first], detail)
