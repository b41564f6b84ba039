"""The CDNOW sample becomes a portal without losing, moving or inventing a purchase."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from plugin.clock import FixedClock, local_day
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.loaders.cdnow import read_orders

CLOCK = FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def _day(text: str, zone: str = "UTC") -> date:
    return local_day(datetime.fromisoformat(text), zone)


def test_every_customer_and_purchase_of_the_sample_is_there():
    """The published figures: 2,357 customers, 6,919 purchases, 244,136.30 dollars (summed from the file)."""
    world = cdnow(clock=CLOCK)
    assert (len(world.contacts), len(world.deals), len(world.companies)) == (2357, 6919, 0)
    assert len({c.id for c in world.contacts} | {d.id for d in world.deals}) == 2357 + 6919
    total = sum(Decimal(d.properties["amount"]) for d in world.deals)
    assert total == sum(Decimal(o.dollars) for o in read_orders())
    assert sum(Decimal(d.properties["amount"]) == 0 for d in world.deals) == 8


def test_the_record_ends_today_and_every_gap_is_kept():
    """Moving is by whole days: the days between 1997 and today differ by one constant."""
    moved, kept = cdnow(clock=CLOCK), cdnow(keep=True)
    pairs = zip(moved.deals, kept.deals, strict=True)
    shifts = {_day(m.properties["closedate"]) - _day(k.properties["closedate"]) for m, k in pairs}
    assert shifts == {date(2026, 11, 22) - date(1998, 6, 30)}
    assert max(_day(d.properties["closedate"]) for d in kept.deals) == date(1998, 6, 30)
    assert min(_day(d.properties["closedate"]) for d in kept.deals) == date(1997, 1, 1)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"])
def test_a_purchase_falls_on_its_local_day_in_every_time_zone(zone):
    """Customer 0001 bought on four days; the portal's time zone must not move any of them."""
    world = cdnow(keep=True, limit=1, time_zone=zone)
    days = [_day(d.properties["closedate"], zone).isoformat() for d in world.deals]
    assert days == ["1997-01-01", "1997-01-18", "1997-08-02", "1997-12-12"]


def test_nothing_happens_later_than_now():
    """The sample's last day has purchases; seen at nine in the morning they are already done."""
    latest = int(CLOCK.now().timestamp() * 1000)
    world = cdnow(clock=CLOCK)
    assert max(d.history[-1][2] for d in world.deals) <= latest
    assert max(c.created_at for c in world.contacts) < latest


def test_each_deal_is_a_won_deal_of_one_known_contact():
    """Created before it closed, by a contact that existed; the count per customer is the sample's."""
    world = cdnow(end=date(2026, 1, 31))
    born = {c.id: c.created_at for c in world.contacts}
    for deal in world.deals:
        [(kind, owner, type_id)] = deal.associations
        assert (kind, type_id) == ("contact", 3)
        assert born[owner] < deal.created_at < deal.history[-1][2]
        assert deal.properties["dealstage"] == "closedwon"
        assert deal.history[-1][1] == "closedwon"
    owners = Counter(d.associations[0][1] for d in world.deals)
    assert owners == Counter(51_000_000_000 + o.customer for o in read_orders())


def test_the_same_world_comes_out_twice_and_reaches_nobody():
    """Deterministic records; addresses in the domain reserved for examples."""
    one, two = cdnow(end=date(2026, 1, 31)), cdnow(end=date(2026, 1, 31))
    assert one == two
    emails = [c.properties["email"] for c in one.contacts]
    assert len(set(emails)) == 2357
    assert all(e.endswith(".example") for e in emails)


def test_a_day_later_the_world_is_one_day_younger():
    """`end` is what moves the record, not the clock."""
    a, b = cdnow(end=date(2026, 1, 30), limit=5), cdnow(end=date(2026, 1, 31), limit=5)
    for x, y in zip(a.deals, b.deals, strict=True):
        assert _day(y.properties["closedate"]) - _day(x.properties["closedate"]) == timedelta(days=1)
