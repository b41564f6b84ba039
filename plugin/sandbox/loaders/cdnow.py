"""The CDNOW sample as a portal: 2,357 customers of a CD shop and their 6,919 purchases in 1997 and 1998.

The file beside this one is the 1/10 sample that Fader and Hardie publish; data/README.md says more.
"""

from __future__ import annotations

import gzip
from datetime import date
from importlib import resources
from typing import NamedTuple

import numpy as np

from plugin.clock import Clock, SystemClock, local_day, milliseconds
from plugin.sandbox.loaders import people, wire
from plugin.sandbox.loaders.moments import DAY_MS, HOUR_MS, Ints, day_number, iso, noon_ms
from plugin.sandbox.world import World, WorldRecord

LAST_DAY = date(1998, 6, 30)


class Order(NamedTuple):
    """One line of the sample: the customer's number in it, the day, discs and dollars as printed."""

    customer: int
    day: int
    discs: str
    dollars: str


def cdnow(
    end: date | None = None,
    *,
    keep: bool = False,
    limit: int | None = None,
    time_zone: str = "UTC",
    clock: Clock | None = None,
) -> World:
    """The sample as contacts and closed-won deals, moved by whole days so that its record ends on `end`.

    `end` defaults to today in `time_zone`; `keep` leaves the dates of 1997 and 1998 alone.
    `limit` takes only the first customers. Amounts stay as printed: eight orders are of 0.00.
    """
    now = (clock or SystemClock()).now()
    last = LAST_DAY if keep else end or local_day(now, time_zone)
    shift = day_number(last) - day_number(LAST_DAY)
    orders = [o for o in read_orders() if limit is None or o.customer <= limit]
    closed = noon_ms(np.array([o.day + shift for o in orders]), time_zone)
    closed = closed + _scatter(orders, 8 * HOUR_MS, salt=1) - 4 * HOUR_MS
    if end is None and not keep:
        closed = np.minimum(closed, milliseconds(now))  # a shop cannot have sold later than now
    created = closed - HOUR_MS - _scatter(orders, 3 * DAY_MS, salt=77)
    world = World(time_zone=time_zone, currency="USD", moved_to=None if keep else last)
    world.deals = _deals(orders, created.tolist(), iso(closed), closed.tolist())
    world.contacts = _contacts(orders, created.tolist())
    return world


def read_orders() -> list[Order]:
    """Every line of the vendored sample, in its own order (by customer, then by day)."""
    packed = resources.files("plugin.sandbox.loaders").joinpath("data", "cdnow_sample.txt.gz").read_bytes()
    orders = []
    for line in gzip.decompress(packed).decode("ascii").splitlines():
        _, customer, day, discs, dollars = line.split()
        orders.append(Order(int(customer), day_number(date.fromisoformat(day)), discs, dollars))
    return orders


def _scatter(orders: list[Order], width: int, salt: int) -> Ints:
    """Whole seconds from 0 to `width` ms, spread evenly, the same on every machine (Knuth's hash)."""
    numbers = np.arange(1, len(orders) + 1, dtype=np.int64)
    spread = (numbers + salt * 10_007) * 2_654_435_761 % 2**32
    return spread % (width // 1000) * 1000


def _deals(
    orders: list[Order], created: list[int], closedates: list[str], closed: list[int]
) -> list[WorldRecord]:
    """One won deal an order: opened on the way to the till, closed at the till."""
    deals = []
    createdates = iso(np.array(created, dtype=np.int64))
    seen: dict[int, int] = {}
    for row, order in enumerate(orders):
        seen[order.customer] = seen.get(order.customer, 0) + 1
        properties = {
            "dealname": f"Order {order.customer:04d}-{seen[order.customer]} ({order.discs} CD)",
            **wire.money(order.dollars, "USD"),
            "closedate": closedates[row],
            "createdate": createdates[row],
            **wire.stage_properties("closedwon"),
        }
        history = [("dealstage", "contractsent", created[row]), ("dealstage", "closedwon", closed[row])]
        to = [("contact", wire.CONTACT_IDS + order.customer, wire.DEAL_TO_CONTACT)]
        deals.append(WorldRecord(wire.DEAL_IDS + row + 1, properties, created[row], history, to))
    return deals


def _contacts(orders: list[Order], created: list[int]) -> list[WorldRecord]:
    """One contact a customer, made ten minutes before the first order."""
    first: dict[int, int] = {}
    for order, moment in zip(orders, created, strict=True):
        first[order.customer] = min(moment, first.get(order.customer, moment))
    contacts = []
    for customer, moment in first.items():
        at = moment - HOUR_MS // 6
        properties = {
            **people.person(customer),
            "createdate": iso(np.array([at]))[0],
            "lifecyclestage": "customer",
        }
        contacts.append(WorldRecord(wire.CONTACT_IDS + customer, properties, at))
    return contacts
