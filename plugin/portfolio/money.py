"""The figures of money: what customers bring, what it costs to win them, when that is paid back."""

from __future__ import annotations

from itertools import takewhile

from plugin.portfolio.months import UNDATED, month_name
from plugin.portfolio.spend import LIFECYCLE
from plugin.portfolio.view import COST_GATE, MEAN_GATE, Metric, View, share, withheld


def revenue(view: View) -> Metric:
    """Money received, net of refunds; every deal once."""
    cents, orders = view.total("revenue"), view.total("paid_orders")
    if not orders and view.total("orders"):
        return withheld("revenue", "money", "no_amounts", n=view.total("orders"))
    return Metric("revenue", "money", cents / 100, cents / 100, None, orders)


def profit(view: View) -> Metric:
    """Profit on it, where it is known."""
    cents, orders = view.total("profit"), view.total("profit_orders")
    if not orders and view.total("orders"):
        return withheld("profit", "money", "no_amounts", n=view.total("orders"))
    return Metric("profit", "money", cents / 100, cents / 100, None, orders)


def average_order(view: View) -> Metric:
    """Revenue by order of known amount."""
    orders = view.total("paid_orders")
    return share("average_order", "money", view.total("revenue") / 100, orders, orders, MEAN_GATE)


def sales_cycle(view: View) -> Metric:
    """The median of the days from first touch to first purchase."""
    if view.scope.pair:
        return withheld("sales_cycle", "days", "one_filter", MEAN_GATE)
    took = view.figures.timing("cycle")
    if took.n < MEAN_GATE:
        return withheld("sales_cycle", "days", "too_few", MEAN_GATE, took.n)
    return Metric("sales_cycle", "days", took.median, None, None, took.n, MEAN_GATE)


def matched(view: View) -> tuple[list[int], int, int] | str:
    """(months of customers won, cents spent for them, how many were won), or why there is none.

    The customers won in a month are matched with what was spent a sales cycle earlier. A month that the
    spend table says nothing about is left out of both.
    """
    name, cohort = view.scope.of("channel"), view.scope.of("cohort")
    if view.scope.of("segment") is not None:
        return "spend_by_channel"
    spent = view.spend.acquisition() if name is None else view.spend.of_channel(name)
    if not spent:
        return "no_spend"
    months = [month for month in view.closed if month - view.lag in spent]
    if cohort is not None:  # who was won in one month was paid for by one month's spend
        months = [month for month in months if month_name(month) == cohort]
    if not months:
        return "no_spend_matched"
    return months, sum(spent[m - view.lag] for m in months), view.figures.total("won", months)


def cac(view: View) -> Metric:
    """Spend on acquisition by customer won."""
    days, n, whose = view.cycle
    notes = {"lag_days": days, "lag_months": view.lag, "lag_n": n, "lag_of": whose}
    found = matched(view)
    if isinstance(found, str):
        return withheld("cac", "money", found, COST_GATE, view.figures.total("won", view.closed), **notes)
    _, cents, won = found
    return share("cac", "money", cents / 100, won, won, COST_GATE, **notes)


def historic_value(view: View) -> Metric:
    """Profit so far of the customers won in the period, each."""
    cohorts = view.figures.aged("profit_age")
    won = view.total("won")
    cents = sum(sum(ages.values()) for cohort, ages in cohorts.items() if view.whole or cohort in view.months)
    if won and not cohorts:
        return withheld("historic_value", "money", "no_amounts", MEAN_GATE, won)
    return share("historic_value", "money", cents / 100, won, won, MEAN_GATE)


def clv(view: View) -> Metric:
    """Predicted value of the coming twelve months of the customers won in the period, each."""
    known = view.total("clv_known")
    if not known:
        return withheld("clv", "money", "no_prediction", MEAN_GATE)
    return share("clv", "money", view.total("clv") / 100, known, known, MEAN_GATE)


def clv_to_cac(view: View) -> Metric:
    """Profit so far and predicted value of the customers won, by what it cost to win them."""
    key, found, cost = "clv_to_cac", matched(view), cac(view)
    if isinstance(found, str) or cost.value is None:
        return withheld(key, "ratio", cost.reason or "no_spend", COST_GATE, cost.n)
    months, cents, won = found
    known = view.figures.total("clv_known", months)
    if known < COST_GATE:
        return withheld(key, "ratio", "no_prediction", COST_GATE, known)
    ages = view.figures.aged("profit_age")
    earned = sum(sum(ages.get(month, {}).values()) for month in months)
    predicted = view.figures.total("clv", months) * won / known
    return share(key, "ratio", (earned + predicted) / 100, cents / 100, won, COST_GATE)


def payback(view: View) -> Metric:
    """Whole months after the month of the first purchase until a customer's profit covers its cost.

    Never, where nothing was earned on these customers so far.
    """
    key, found, cost = "payback_months", matched(view), cac(view)
    if isinstance(found, str) or cost.value is None:
        return withheld(key, "months", cost.reason or "no_spend", COST_GATE, cost.n)
    ages = list(takewhile(lambda one: one[1] >= COST_GATE, earned_by_age(view, found[0])))
    if ages and ages[-1][0] <= 0:
        return withheld(key, "months", "never", COST_GATE, cost.n, months_seen=len(ages) - 1)
    for age, (earned, n) in enumerate(ages):
        if earned / n >= cost.value:
            return Metric(key, "months", age, earned, n, n, COST_GATE)
    return withheld(key, "months", "not_paid_back", COST_GATE, cost.n, months_seen=max(len(ages) - 1, 0))


def earned_by_age(view: View, cohorts: list[int]) -> list[tuple[float, int]]:
    """(profit up to that age, customers) by age in months, of the cohorts whose month of that age is over."""
    ages = view.figures.aged("profit_age")
    found = []
    oldest = max((view.now - month for month in cohorts), default=0)
    for age in range(oldest):
        old = [month for month in cohorts if month + age < view.now]
        cents = sum(value for month in old for at, value in ages.get(month, {}).items() if at <= age)
        found.append((cents / 100, view.figures.total("won", old)))
    return found


def lifecycle_roi(view: View) -> Metric:
    """(profit of who came back − cost of lifecycle work) by that cost; nobody was left out to compare."""
    key, suffix = "lifecycle_roi", "_task" if view.by_task else ""
    notes = {"by_task": view.by_task, "controlled": False}
    if not view.scope.everyone:
        return withheld(key, "share", "cost_of_all", **notes)
    if view.by_task and not view.tasks_known:
        return withheld(key, "share", "tasks_unknown", COST_GATE, **notes)
    cost = view.spend.of_channel(LIFECYCLE)
    months = [m for m in (cost if view.whole else view.months) if m in cost and m != UNDATED]
    cents = sum(cost[m] for m in months)
    returned = view.figures.total(f"returned{suffix}", months)
    if not cents:
        n = view.total(f"returned{suffix}")
        return withheld(key, "share", "no_cost", COST_GATE, n, **notes)
    gain = view.figures.total(f"returned{suffix}_profit", months) - cents
    return share(key, "share", gain / 100, cents / 100, returned, COST_GATE, **notes)
