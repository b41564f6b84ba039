"""Invented portals behave as their truth says, and hold every oddity the product must survive."""

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from plugin.clock import FixedClock
from plugin.sandbox.loaders import Habits, generate
from plugin.sandbox.loaders.wire import CONTACT_IDS

END = date(2026, 11, 22)
NIGHT = int(datetime(2026, 11, 23, tzinfo=ZoneInfo("America/New_York")).timestamp() * 1000)


@pytest.fixture(scope="module")
def world():
    return generate(3000, 7, end=END)


def _won(world):
    return [d for d in world.deals if d.properties["dealstage"] == "closedwon"]


def test_a_seed_names_one_world():
    """Same seed, same world to the last value; another seed, another one."""
    assert generate(200, 3, end=END) == generate(200, 3, end=END)
    assert generate(200, 3, end=END).deals != generate(200, 4, end=END).deals


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_smallest_worlds_can_be_made(size):
    """No buyer, no company, no deal is a world, too."""
    made = generate(size, 1, end=END)
    assert len(made.contacts) == len(made.truth) == size


def test_every_association_leads_to_a_record(world):
    """No dangling ids; ids are unique per kind and beyond 32 bits."""
    ids = {
        "contact": {c.id for c in world.contacts},
        "company": {c.id for c in world.companies},
        "deal": {d.id for d in world.deals},
    }
    assert [len(v) for v in ids.values()] == [len(world.contacts), len(world.companies), len(world.deals)]
    assert min(min(v) for v in ids.values()) > 2**32
    for record in [*world.contacts, *world.deals]:
        assert all(other in ids[kind] for kind, other, _ in record.associations)


def test_history_ends_at_the_present_value_and_rises(world):
    """The last dated value of a property is the one on the record; nothing is dated before the record."""
    for record in [*world.contacts, *world.deals]:
        moments = [at for _, _, at in record.history]
        assert moments == sorted(moments)
        assert all(record.created_at <= at <= NIGHT for at in moments)
        for name, value in {name: value for name, value, _ in record.history}.items():
            assert record.properties[name] == value


def test_truth_tells_when_each_customer_left(world):
    """Who left has the last order on that very day; orders in the records equal the truth's count."""
    orders = Counter()
    last: dict[int, str] = {}
    for deal in _won(world):
        if deal.properties["dealname"].startswith("Order") and deal.history[-1][2] < NIGHT:
            owner = deal.associations[0][1]
            closed = datetime.fromisoformat(deal.properties["closedate"])
            if closed.timestamp() * 1000 < NIGHT:
                orders[owner] += 1
                day = closed.astimezone(ZoneInfo(world.time_zone)).date().isoformat()
                last[owner] = max(day, last.get(owner, ""))
    assert {c: t["purchases"] for c, t in world.truth.items() if t["purchases"]} == orders
    left = {c: t["left_on"] for c, t in world.truth.items() if t["left_on"]}
    assert len(left) > 300
    assert {c: last[c] for c in left} == left


def test_the_rhythm_is_the_one_asked_for():
    """Clockwork customers who never leave buy as often as their rate says, with gaps of Erlang-k spread."""
    calm = Habits(buyers=1, regularity=9, drop_a=1e-9, drop_b=1.0, rate_shape=1e6, mean_gap=10, refunds=0)
    made = generate(300, 5, end=END, habits=calm)
    by_owner: dict[int, list[float]] = {}
    for deal in _won(made):
        at = datetime.fromisoformat(deal.properties["closedate"]).timestamp() / 86400
        by_owner.setdefault(deal.associations[0][1], []).append(at)
    gaps = np.concatenate([np.diff(sorted(days)) for days in by_owner.values() if len(days) > 20])
    assert np.mean(gaps) == pytest.approx(10, rel=0.03)
    assert np.std(gaps) / np.mean(gaps) == pytest.approx(1 / 3, rel=0.1)


def test_as_many_leave_after_the_first_order_as_the_beta_says():
    """Drop-out is beta(a, b) after every purchase: a quarter of the buyers never come back (sd 0.008)."""
    made = generate(3000, 6, end=END, habits=Habits(buyers=1, drop_a=1, drop_b=3))
    once = [t for t in made.truth.values() if t["left_on"] and t["purchases"] == 1]
    assert len(once) / 3000 == pytest.approx(0.25, abs=0.025)


def test_the_oddities_are_in_it(world):
    """Refunds, zero and unknown amounts, shared deals, deals dated ahead, open and lost ones with a past."""
    won = _won(world)
    amounts = [d.properties.get("amount") for d in won]
    assert sum(a is None for a in amounts) > 20
    assert sum(a == "0" for a in amounts) > 10
    assert sum(a is not None and a.startswith("-") for a in amounts) > 100
    assert sum(len([a for a in d.associations if a[0] == "contact"]) == 2 for d in won) > 200
    ahead = [d for d in won if datetime.fromisoformat(d.properties["closedate"]).timestamp() * 1000 > NIGHT]
    assert ahead
    stages = Counter(d.properties["dealstage"] for d in world.deals)
    assert len(stages) == 7
    lost = [d for d in world.deals if d.properties["dealstage"] == "closedlost"]
    assert {"price", "quality", None} <= {d.properties.get("closed_lost_reason") for d in lost}
    assert all(len(d.history) >= 2 for d in lost)


def test_contacts_speak_for_themselves(world):
    """Channels (some unknown), visits with a past, NPS lower among those who left, companies."""
    channels = Counter(c.properties.get("hs_analytics_source") for c in world.contacts)
    assert len(channels) == 11
    assert 150 < channels[None] < 350
    scores: dict[bool, list[int]] = {True: [], False: []}
    for contact in world.contacts:
        if nps := contact.properties.get("hs_feedback_last_nps_rating"):
            scores[world.truth[contact.id]["left_on"] is not None].append(int(nps))
    assert np.mean(scores[True]) < np.mean(scores[False]) - 1
    assert sum(bool(c.associations) for c in world.contacts) > 800


def test_nothing_is_later_than_the_clock():
    """A world that ends today ends now."""
    clock = FixedClock(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
    now = int(clock.now().timestamp() * 1000)
    made = generate(500, 2, clock=clock)
    assert max(at for r in [*made.contacts, *made.deals] for _, _, at in r.history) <= now


def test_ids_start_where_the_truth_starts():
    """The first contact's id is the first key of the truth."""
    made = generate(3, 1, end=END)
    assert list(made.truth) == [c.id for c in made.contacts] == [CONTACT_IDS + n for n in (1, 2, 3)]
