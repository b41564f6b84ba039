"""The deals of an invented portal: purchases, refunds, shared deals, and those that are open or were lost."""

from __future__ import annotations

import numpy as np

from plugin.sandbox.loaders import wire
from plugin.sandbox.loaders.habits import Brief, Buying
from plugin.sandbox.loaders.moments import DAY_MS, HOUR_MS, Ints, iso, noon_ms
from plugin.sandbox.world import WorldRecord

LOST_REASONS = ("price", "quality", "service", "changed needs", "no answer", "competitor", "")
Path = list[tuple[str, int]]


class _Desk:
    """Writes deal records one after another; holds what they all share."""

    def __init__(self, brief: Brief, known_since: Ints, employer: Ints) -> None:
        self.brief = brief
        self.rng = brief.rng
        self.known_since = known_since
        self.employer = employer.tolist()
        self.deals: list[WorldRecord] = []

    def add(self, owner: int, name: str, amount: str, closedate: str, path: Path) -> WorldRecord:
        """One deal that went through `path` [(stage, moment)]; the first moment is its creation."""
        number = len(self.deals) + 1
        created, stage = path[0][1], path[-1][0]
        properties = {
            "dealname": f"{name} {number}",
            **wire.money(amount, self.brief.currency),
            "closedate": closedate,
            "createdate": stamp(created),
            **wire.stage_properties(stage),
        }
        to = [("contact", wire.CONTACT_IDS + owner + 1, wire.DEAL_TO_CONTACT)]
        if company := self.employer[owner]:
            to += wire.company_of_deal(wire.COMPANY_IDS + company)
        history = [("dealstage", at_stage, moment) for at_stage, moment in path]
        deal = WorldRecord(wire.DEAL_IDS + number, properties, created, history, to)
        self.deals.append(deal)
        return deal

    def some(self, share: float) -> list[int]:
        """A share of the contacts, by index."""
        chosen: list[int] = np.flatnonzero(self.rng.random(self.brief.size) < share).tolist()
        return chosen


def stamp(moment: int) -> str:
    """One moment as HubSpot writes it."""
    return iso(np.array([moment], dtype=np.int64))[0]


def make_deals(brief: Brief, buying: Buying, known_since: Ints, employer: Ints) -> list[WorldRecord]:
    """Every deal of the portal: orders, then refunds, then the others."""
    desk = _Desk(brief, known_since, employer)
    closed = noon_ms(buying.day, brief.zone)
    closed = closed + brief.rng.integers(-4 * HOUR_MS, 8 * HOUR_MS, len(closed))
    closed = np.minimum(closed, brief.latest)
    _orders(desk, buying, closed)
    _refunds(desk, buying, closed)
    _open_deals(desk)
    _lost_deals(desk)
    _won_ahead(desk)
    return desk.deals


def _orders(desk: _Desk, buying: Buying, closed: Ints) -> None:
    """One won deal a purchase; some are shared by two contacts, some have no amount or 0."""
    rows, rng = len(closed), desk.rng
    shared, odd = rng.random(rows) < desk.brief.habits.shared, rng.random(rows)
    friend = rng.integers(0, desk.brief.size, rows)
    opened = np.maximum(closed - rng.integers(HOUR_MS, 4 * DAY_MS, rows), desk.known_since[buying.owner])
    texts, owner, amount = iso(closed), buying.owner.tolist(), buying.amount.tolist()
    for row, (start, end) in enumerate(zip(opened.tolist(), closed.tolist(), strict=True)):
        text = _odd_amount(desk, f"{amount[row]:.2f}", float(odd[row]))
        deal = desk.add(owner[row], "Order", text, texts[row], [("contractsent", start), ("closedwon", end)])
        if shared[row] and friend[row] != owner[row]:
            contact = wire.CONTACT_IDS + int(friend[row]) + 1
            deal.associations.insert(1, ("contact", contact, wire.DEAL_TO_CONTACT))


def _odd_amount(desk: _Desk, text: str, odd: float) -> str:
    """The amount as somebody typed it: sometimes nothing, sometimes 0."""
    habits = desk.brief.habits
    if odd < habits.unknown_amounts:
        return ""
    return "0" if odd < habits.unknown_amounts + habits.zero_amounts else text


def _refunds(desk: _Desk, buying: Buying, closed: Ints) -> None:
    """Negative won deals, one to twenty days after the order, of a part or all of it."""
    rows = np.flatnonzero(desk.rng.random(len(closed)) < desk.brief.habits.refunds)
    at = closed[rows] + desk.rng.integers(DAY_MS, 20 * DAY_MS, len(rows))
    part = desk.rng.choice([0.25, 0.5, 1.0], len(rows))
    keep = at <= desk.brief.latest
    for row, moment, share in zip(rows[keep].tolist(), at[keep].tolist(), part[keep].tolist(), strict=True):
        amount = f"{-float(buying.amount[row]) * share:.2f}"
        desk.add(int(buying.owner[row]), "Refund", amount, stamp(moment), [("closedwon", moment)])


def _open_deals(desk: _Desk) -> None:
    """Deals under way: some moved lately, some stalled for a year; their close date is a hope."""
    end, rng = desk.brief.latest, desk.rng
    for owner in desk.some(desk.brief.habits.open_deals):
        start = max(int(desk.known_since[owner]), end - int(rng.integers(0, 400)) * DAY_MS)
        reached = int(rng.integers(0, len(wire.OPEN_STAGES)))
        path = _walk(list(wire.OPEN_STAGES[: reached + 1]), start, end, rng)
        amount = "" if rng.random() < 0.2 else f"{rng.gamma(2.0, 400.0):.2f}"
        desk.add(owner, "Offer", amount, stamp(end + int(rng.integers(1, 120)) * DAY_MS), path)


def _lost_deals(desk: _Desk) -> None:
    """Deals that came to nothing, most with a reason."""
    end, rng = desk.brief.latest, desk.rng
    for owner in desk.some(desk.brief.habits.lost_deals):
        since = int(desk.known_since[owner])
        start = since + int(rng.random() * (end - since))
        reached = int(rng.integers(1, len(wire.OPEN_STAGES)))
        stages = [*wire.OPEN_STAGES[:reached], "closedlost"]
        path = _walk(stages, start, min(end, start + 120 * DAY_MS), rng)
        deal = desk.add(owner, "Offer", f"{rng.gamma(2.0, 400.0):.2f}", stamp(path[-1][1]), path)
        if reason := LOST_REASONS[int(rng.integers(0, len(LOST_REASONS)))]:
            deal.properties["closed_lost_reason"] = reason


def _won_ahead(desk: _Desk) -> None:
    """Won deals that somebody dated ahead: no purchase until that day."""
    end, rng = desk.brief.latest, desk.rng
    for owner in desk.some(desk.brief.habits.won_ahead):
        start = max(int(desk.known_since[owner]), end - 20 * DAY_MS)
        ahead = stamp(end + int(rng.integers(1, 60)) * DAY_MS)
        path = _walk(["contractsent", "closedwon"], start, end, rng)
        desk.add(owner, "Order", f"{rng.gamma(2.0, 60.0):.2f}", ahead, path)


def _walk(stages: list[str], start: int, end: int, rng: np.random.Generator) -> Path:
    """The stages with rising moments from `start` on, none later than `end`."""
    later = np.sort(rng.integers(0, max(1, end - start), len(stages) - 1)) + start
    return list(zip(stages, [start, *later.tolist()], strict=True))
