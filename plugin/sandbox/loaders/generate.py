"""Invented portals of any size with known truth, the same for the same seed: contacts, companies, deals."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from plugin.clock import Clock, SystemClock, local_day, milliseconds
from plugin.sandbox.loaders import people, wire
from plugin.sandbox.loaders.deals import make_deals
from plugin.sandbox.loaders.habits import Brief, Buying, Habits, simulate
from plugin.sandbox.loaders.moments import DAY_MS, Ints, day_number, day_of, end_of_day_ms, iso, noon_ms
from plugin.sandbox.loaders.voice import Traces, make_traces
from plugin.sandbox.world import World, WorldRecord

#: HubSpot's values of hs_analytics_source.
CHANNELS = (
    "ORGANIC_SEARCH",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "SOCIAL_MEDIA",
    "REFERRALS",
    "OTHER_CAMPAIGNS",
    "DIRECT_TRAFFIC",
    "OFFLINE",
    "PAID_SOCIAL",
    "AI_REFERRALS",
)


def generate(
    size: int,
    seed: int,
    *,
    end: date | None = None,
    habits: Habits | None = None,
    time_zone: str = "America/New_York",
    currency: str = "USD",
    clock: Clock | None = None,
) -> World:
    """`size` contacts with what they bought, did and said up to the end of `end` (default: up to now).

    `truth` has one entry a contact: `rate` (purchases a year while a customer), `regularity` (Erlang k),
    `drop` (probability of leaving after a purchase), `left_on` (ISO day of the last purchase of one who left,
    else None), `purchases` (won orders, unknown and zero amounts among them), `average_order`.
    """
    now = (clock or SystemClock()).now()
    last = end or local_day(now, time_zone)
    latest = end_of_day_ms(last, time_zone) if end else milliseconds(now)
    rng = np.random.default_rng(seed)
    brief = Brief(size, habits or Habits(), day_number(last), latest, time_zone, currency, rng)
    buying = simulate(brief)
    employer = _employers(brief)
    known_since = _known_since(brief, buying)
    traces = make_traces(brief, buying, known_since)
    world = World(time_zone=time_zone, currency=currency, truth=_truth(buying, brief.habits))
    world.companies = _companies(int(employer.max(initial=0)), known_since)
    world.contacts = _contacts(brief, buying, known_since, employer, traces)
    world.deals = make_deals(brief, buying, known_since, employer)
    return world


def _employers(brief: Brief) -> Ints:
    """The number of each contact's company, from 1; 0: none. About three colleagues a company."""
    in_company = brief.rng.random(brief.size) < brief.habits.in_company
    companies = max(1, round(brief.size * brief.habits.in_company / 3))
    return np.where(in_company, brief.rng.integers(1, companies + 1, brief.size), 0)


def _known_since(brief: Brief, buying: Buying) -> Ints:
    """When each contact's record was made: 5 to 125 days before the first purchase; for others any day."""
    day = brief.last_day - (brief.habits.years * 365.25 * brief.rng.random(brief.size)).astype(np.int64)
    owner, place = np.unique(buying.owner, return_index=True)
    day[owner] = buying.day[place] - brief.rng.integers(5, 125, len(owner))
    made: Ints = noon_ms(day, brief.zone) - brief.rng.integers(0, DAY_MS // 6, brief.size)
    return np.minimum(made, brief.latest, dtype=np.int64)


def _truth(buying: Buying, habits: Habits) -> dict[int, dict[str, Any]]:
    """What the product must find out, by contact id."""
    count = np.bincount(buying.owner, minlength=len(buying.rate))
    left = [None if day < 0 else day_of(day).isoformat() for day in buying.left.tolist()]
    columns = zip(
        buying.rate.tolist(), buying.drop.tolist(), left, count.tolist(), buying.average, strict=True
    )
    return {
        wire.CONTACT_IDS + n: {
            "rate": rate * 365.25,
            "regularity": habits.regularity,
            "drop": drop,
            "left_on": left_on,
            "purchases": purchases,
            "average_order": round(float(average), 2),
        }
        for n, (rate, drop, left_on, purchases, average) in enumerate(columns, start=1)
    }


def _companies(count: int, known_since: Ints) -> list[WorldRecord]:
    """Companies 1 to `count`, a day older than every contact."""
    if not count:
        return []
    at = int(known_since.min()) - DAY_MS
    created = iso(np.array([at]))[0]
    numbers = range(1, count + 1)
    return [
        WorldRecord(wire.COMPANY_IDS + n, {**people.company(n), "createdate": created}, at) for n in numbers
    ]


def _contacts(
    brief: Brief, buying: Buying, known_since: Ints, employer: Ints, traces: Traces
) -> list[WorldRecord]:
    """One record a contact; one in twelve came from nobody knows where."""
    rng = brief.rng
    channel = rng.choice(len(CHANNELS), brief.size, p=rng.dirichlet(np.full(len(CHANNELS), 3.0)))
    channel = np.where(rng.random(brief.size) < 1 / 12, -1, channel)
    created, contacts = iso(known_since), []
    bought = np.isin(np.arange(brief.size), buying.owner).tolist()
    for n, (at, company, source) in enumerate(
        zip(known_since.tolist(), employer.tolist(), channel.tolist(), strict=True)
    ):
        stage = "customer" if bought[n] else "lead"
        properties = {**people.person(n + 1), "createdate": created[n], "lifecyclestage": stage}
        if source >= 0:
            properties["hs_analytics_source"] = CHANNELS[source]
        properties.update(traces.now[n])
        to = wire.company_of_contact(wire.COMPANY_IDS + company) if company else []
        contacts.append(WorldRecord(wire.CONTACT_IDS + n + 1, properties, at, traces.past[n], to))
    return contacts
