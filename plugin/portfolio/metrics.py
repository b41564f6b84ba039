"""Every figure of the portfolio of one scope in one period, and the tables beside them."""

from __future__ import annotations

from typing import Any

from plugin.mapping.model import LOSS_CATEGORIES
from plugin.portfolio import answered, money, retention, revenue
from plugin.portfolio.asked import Scope
from plugin.portfolio.figures import Figures
from plugin.portfolio.months import month_name
from plugin.portfolio.view import RATE_GATE, Metric, View, share, withheld


def customers(view: View) -> Metric:
    """Who has bought and is not lost, at the period's end."""
    kept = retention.kept_at(view, view.period.last)
    return Metric("customers", "count", kept, kept, None, kept)


def customers_won(view: View) -> Metric:
    """First purchases."""
    won = view.total("won")
    return Metric("customers_won", "count", won, won, None, won)


def revenue_lost(view: View) -> Metric:
    """What the customers lost had brought in their last year."""
    lost = sum(view.total("loss", reason) for reason in LOSS_CATEGORIES)
    cents = sum(view.total("loss_revenue", reason) for reason in LOSS_CATEGORIES)
    return Metric("revenue_lost", "money", cents / 100, cents / 100, None, lost)


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
    retention.retention_rate,
    retention.churn_rate,
    retention.monthly_churn,
    retention.lifespan,
    revenue.gross_revenue_retention,
    revenue.revenue_churn,
    revenue.net_revenue_retention,
    revenue_lost,
    return_rate,
    answered.nps,
    answered.csat,
    engagement_rate,
    money.lifecycle_roi,
)
#: What is drawn month by month.
SERIES = (customers, customers_won, money.revenue, retention.churn_rate, engagement_rate, money.cac)
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


def by_channel(view: View, channels: dict[str, Figures]) -> list[dict[str, Any]]:
    """Each channel's metrics, most customers won first; "" is the unknown channel.

    `channels` maps names to their cells. A channel that money was spent on stays visible though nobody came.
    """
    known = {name.casefold() for name in channels}
    nobody = [name for name in view.spend.channels() if name.casefold() not in known]
    found = []
    for name in (*channels, *nobody):
        figures = channels.get(name) or Figures({})
        mine = view.over({"figures": figures, "scope": Scope((("channel", name),))})
        spent = view.spend.of_channel(name) if name else {}
        made = [make(mine) for make in CHANNEL_METRICS]
        cents = sum(c for m, c in spent.items() if view.whole or m in view.months)
        found.append({"channel": name, "spend": cents / 100 if spent else None, "metrics": made})
    return sorted(found, key=lambda one: (-one["metrics"][0].n, one["channel"]))


def cac_by_month(view: View, channels: dict[str, Figures]) -> list[dict[str, Any]]:
    """CAC of every channel and month of the last two years in which money was spent or customers were won."""
    found = []
    names = {name.casefold(): name for name in (*view.spend.channels(), *channels)}
    for name in sorted(names.values()):
        figures = channels.get(name) or Figures({})
        mine = view.over({"figures": figures, "scope": Scope((("channel", name),))})
        for month in range(view.now - SERIES_MONTHS, view.now + 1):
            one = money.cac(mine.of_month(month))
            if one.n or one.numerator:
                found.append({"channel": name, "month": month_name(month), "metric": one})
    return found


def left_out(view: View) -> list[dict[str, Any]]:
    """Won deals that no sum of money holds: by the currency whose value at home is not known, else None."""
    foreign = [(code, view.total("foreign", code)) for code in view.figures.details("foreign")]
    unknown = view.total("orders") - view.total("paid_orders") - sum(count for _, count in foreign)
    found = [*foreign, (None, unknown)]
    return [{"currency": code, "deals": count} for code, count in found if count > 0]
