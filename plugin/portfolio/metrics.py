"""Every figure of the portfolio of one scope in one period, and the tables beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plugin.mapping.model import LOSS_CATEGORIES
from plugin.portfolio import money
from plugin.portfolio.months import month_name
from plugin.portfolio.view import RATE_GATE, Metric, View, share, withheld


def customers(view: View) -> Metric:
    """Who has bought and is not lost, at the period's end."""
    kept = kept_at(view, view.period.last)
    return Metric("customers", "count", kept, kept, None, kept)


def kept_at(view: View, month: int) -> int:
    """Customers kept at a month's end."""
    gone = sum(view.figures.up_to("loss", month, reason) for reason in LOSS_CATEGORIES)
    return view.figures.up_to("gained", month) - gone


def customers_won(view: View) -> Metric:
    """First purchases."""
    won = view.total("won")
    return Metric("customers_won", "count", won, won, None, won)


def _churned(view: View) -> tuple[int, int]:
    """(customers lost, customers at the start), both summed over the months that are over."""
    lost = sum(view.figures.total("loss", view.closed, reason) for reason in LOSS_CATEGORIES)
    return lost, sum(kept_at(view, month - 1) for month in view.closed)


def churn_rate(view: View) -> Metric:
    """Customers lost in a month, of those at its start."""
    lost, start = _churned(view)
    return share("churn_rate", "share", lost, start, start, RATE_GATE)


def retention_rate(view: View) -> Metric:
    """Customers of a month's start who are customers at its end."""
    lost, start = _churned(view)
    return share("retention_rate", "share", start - lost, start, start, RATE_GATE)


def revenue_lost(view: View) -> Metric:
    """What the customers lost had brought in their last year."""
    lost = sum(view.total("loss", reason) for reason in LOSS_CATEGORIES)
    cents = sum(view.total("loss_revenue", reason) for reason in LOSS_CATEGORIES)
    return Metric("revenue_lost", "money", cents / 100, cents / 100, None, lost)


def nps(view: View) -> Metric:
    """Promoters less detractors, in points."""
    if "nps" in view.unmapped:
        return withheld("nps", "score", "not_mapped", RATE_GATE)

    def count(detail: str) -> int:
        return view.figures.now("nps", detail) if view.whole else view.total("nps", detail)

    promoters, detractors = count("promoter"), count("detractor")
    answers = promoters + detractors + count("passive")
    found = share("nps", "score", 100 * (promoters - detractors), answers, answers, RATE_GATE)
    notes = {"promoters": promoters, "detractors": detractors}
    return replace(found, numerator=promoters - detractors, notes=notes)


def csat(view: View) -> Metric:
    """The mean of the answers, on the portal's scale."""
    if "csat" in view.unmapped:
        return withheld("csat", "score", "not_mapped", RATE_GATE)
    figures = view.figures
    answers = figures.now("csat") if view.whole else view.total("csat")
    points = figures.now("csat_sum") if view.whole else view.total("csat_sum")
    return share("csat", "score", points / 1000, answers, answers, RATE_GATE)


def engagement_rate(view: View) -> Metric:
    """Customers and leads who did something in a month, of all on record at its end."""
    if "engagement" in view.unmapped:
        return withheld("engagement_rate", "share", "not_mapped", RATE_GATE)
    if not view.everyone.total("engaged"):
        return withheld("engagement_rate", "share", "never_seen", RATE_GATE)
    there = sum(view.figures.up_to("begun", month) for month in view.closed)
    engaged = view.figures.total("engaged", view.closed)
    return share("engagement_rate", "share", engaged, there, there, RATE_GATE)


def return_rate(view: View) -> Metric:
    """Buyers who came back in a month, of those sleeping or lost at its start."""
    asleep = sum(view.figures.up_to("asleep", month - 1) for month in view.closed)
    back = view.figures.total("returned", view.closed)
    return share("return_rate", "share", back, asleep, asleep, RATE_GATE)


#: In the order shown.
METRICS = (
    customers,
    customers_won,
    money.revenue,
    money.profit,
    money.average_order,
    money.sales_cycle,
    money.cac,
    money.historic_value,
    money.clv,
    money.clv_to_cac,
    money.payback,
    retention_rate,
    churn_rate,
    revenue_lost,
    return_rate,
    nps,
    csat,
    engagement_rate,
    money.lifecycle_roi,
)
#: What is drawn month by month.
SERIES = (customers, customers_won, money.revenue, churn_rate, engagement_rate, money.cac)
SERIES_MONTHS = 24


def metrics(view: View) -> list[Metric]:
    """Every metric."""
    return [make(view) for make in METRICS]


def series(view: View) -> list[dict[str, Any]]:
    """One object a month of the last two years, the running one last: {month, metric key: value}."""
    months = range(max(view.begin, view.now - SERIES_MONTHS), view.now + 1)
    found = []
    for month in months:
        made = [make(view.of_month(month)) for make in SERIES]
        found.append({"month": month_name(month), **{one.key: one.value for one in made}})
    return found


def loss_reasons(view: View) -> list[dict[str, Any]]:
    """Customers and deals lost by reason, with the money; `other` and `unknown` stay visible."""
    return [
        {
            "reason": reason,
            "customers": view.total("loss", reason),
            "revenue": view.total("loss_revenue", reason) / 100,
            "deals": view.total("deal_lost", reason),
            "deal_amount": view.total("deal_lost_amount", reason) / 100,
        }
        for reason in LOSS_CATEGORIES
    ]


CHANNEL_METRICS = (customers_won, money.cac, money.historic_value, money.clv, money.clv_to_cac, money.payback)


def by_channel(view: View, channels: dict[str, Any]) -> list[dict[str, Any]]:
    """Each channel's metrics, most customers won first; "" is the unknown channel.

    `channels` maps names to their cells. A channel that money was spent on stays visible though nobody came.
    """
    known = {name.casefold() for name in channels}
    nobody = [name for name in view.spend.channels() if name.casefold() not in known]
    found = []
    for name in (*channels, *nobody):
        figures = channels.get(name) or type(view.figures)({})
        mine = view.over({"figures": figures, "scope": f"channel:{name}"})
        spent = view.spend.of_channel(name) if name else {}
        made = [make(mine) for make in CHANNEL_METRICS]
        cents = sum(c for m, c in spent.items() if view.whole or m in view.months)
        found.append({"channel": name, "spend": cents / 100 if spent else None, "metrics": made})
    return sorted(found, key=lambda one: (-one["metrics"][0].n, one["channel"]))


def cac_by_month(view: View, channels: dict[str, Any]) -> list[dict[str, Any]]:
    """CAC of every channel and month of the last two years in which money was spent or customers were won."""
    found = []
    names = {name.casefold(): name for name in (*view.spend.channels(), *channels)}
    for name in sorted(names.values()):
        figures = channels.get(name) or type(view.figures)({})
        mine = view.over({"figures": figures, "scope": f"channel:{name}"})
        for month in range(view.now - SERIES_MONTHS, view.now + 1):
            one = money.cac(mine.of_month(month))
            if one.n or one.numerator:
                found.append({"channel": name, "month": month_name(month), "metric": one})
    return found
