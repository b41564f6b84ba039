"""What purchases contribute: customers won, orders, money, cohorts, and who came back after a sleep.

Every deal is counted once, whatever the attribution of the customers' own figures: its money in equal
shares, its number with one of the sharers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from plugin.lifecycle.series import EVER, Bools, Ints, customer_of, day_of
from plugin.portfolio.months import months_of
from plugin.portfolio.rows import Batch, distinct, rows, timed

#: A task made at most this many days before a return may have to do with it.
TASK_DAYS = 90


def sales(batch: Batch, tasks: Ints) -> list[pl.DataFrame]:
    """All rows about purchases; `tasks` are packed (customer, day) keys of tasks made, sorted."""
    return [*_won(batch), *_bought(batch), *_money(batch), *_returns(batch, tasks)]


def _won(batch: Batch) -> list[pl.DataFrame]:
    who = np.flatnonzero(batch.buyers)
    first, born = batch.first_purchase[who], batch.engine.events.born[who]
    known = born > EVER
    cycle = timed("cycle", who[known], batch.cohort[who[known]], (first - born)[known])
    return [rows("won", who, batch.cohort[who]), *cycle]


def _bought(batch: Batch) -> list[pl.DataFrame]:
    points = batch.engine.events.points
    bought, orders = points["purchases"], points["orders"]
    at = batch.seen(bought)
    who, month = distinct(bought.customers[at], months_of(bought.days[at]))
    cohort = batch.cohort[who]
    counted = batch.seen(orders)
    counted = counted[orders.values["head"][counted]]
    return [
        rows("buying_age", who, cohort, bins=month - cohort),
        rows("orders", orders.customers[counted], months_of(orders.days[counted])),
        *_foreign(batch, counted),
    ]


def _foreign(batch: Batch, counted: Ints) -> list[pl.DataFrame]:
    """Orders in another currency whose value in the portal's is not known: they are in no sum of money."""
    orders, codes = batch.engine.events.points["orders"], batch.engine.events.texts["foreign_currency"]
    code = orders.values["foreign"][counted]
    some = counted[code >= 0]
    detail = codes.gather(code[code >= 0])
    return [rows("foreign", orders.customers[some], months_of(orders.days[some]), detail=detail)]


def _money(batch: Batch) -> list[pl.DataFrame]:
    money = batch.engine.events.points["money"]
    at = batch.seen(money)
    who, month = money.customers[at], months_of(money.days[at])
    cents, profit, head = (money.values[name][at] for name in ("once", "once_profit", "head"))
    sold, known = money.values["sold"][at] > 0, money.values["known"][at] > 0
    found = [
        rows("revenue", who, month, cents),
        rows("profit", who[known], month[known], profit[known]),
        rows("paid_orders", who[sold & head], month[sold & head]),
        rows("profit_orders", who[sold & head & known], month[sold & head & known]),
    ]
    cohort = batch.cohort[who]
    aged = known & batch.buyers[who]
    age = np.maximum(month - cohort, 0)
    return [*found, rows("profit_age", who[aged], cohort[aged], profit[aged], bins=age[aged])]


def _returns(batch: Batch, tasks: Ints) -> list[pl.DataFrame]:
    """Customers who bought again after having been sleeping or lost, and the profit of the time after it."""
    woken = batch.engine.reactivations
    at = batch.seen(woken)
    keys = woken.keys[at]
    who, month, by_task = customer_of(keys), months_of(day_of(keys)), _after_task(keys, tasks)
    found = [rows("returned", who, month), rows("returned_task", who[by_task], month[by_task])]
    owner, since, profit = _profit_of_returns(batch, keys)
    months = months_of(day_of(keys))[since]
    found.append(rows("returned_profit", owner, months, profit))
    mine = by_task[since]
    return [*found, rows("returned_task_profit", owner[mine], months[mine], profit[mine])]


def _profit_of_returns(batch: Batch, keys: Ints) -> tuple[Ints, Ints, Ints]:
    """(customer, which return, cents) of every order within the days after a return, the latest one's."""
    money = batch.engine.events.points["money"]
    at = batch.seen(money)
    at = at[money.values["known"][at] > 0]
    last = np.searchsorted(keys, money.keys[at], side="right").astype(np.int64) - 1
    at, last = at[last >= 0], last[last >= 0]
    near = customer_of(keys[last]) == money.customers[at]
    near &= money.days[at] - day_of(keys[last]) <= batch.engine.threshold("reactivated_days")
    return money.customers[at][near], last[near], money.values["once_profit"][at][near]


def _after_task(keys: Ints, tasks: Ints) -> Bools:
    """Whether a task was made in the days before each return, the day itself left out."""
    if not len(tasks):
        return np.zeros(len(keys), dtype=bool)
    before = np.searchsorted(tasks, keys, side="left").astype(np.int64) - 1
    last = tasks[np.maximum(before, 0)]
    same = (before >= 0) & (customer_of(last) == customer_of(keys))
    return np.asarray(same & (day_of(keys) - day_of(last) <= TASK_DAYS))
