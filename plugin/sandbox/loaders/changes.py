"""Seeded changes such as people make in a CRM in a day's work: plain values and API requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import numpy as np

from plugin.sandbox.loaders import wire
from plugin.sandbox.loaders.moments import DAY_MS, iso
from plugin.sandbox.world import World, WorldRecord

Action = Literal["update", "create", "archive", "associate", "dissociate", "merge"]
PLURAL = {"contact": "contacts", "company": "companies", "deal": "deals"}
VERSION = "2026-09"


class Request(NamedTuple):
    """One call of HubSpot's API: method, path and JSON body."""

    method: str
    path: str
    body: dict[str, Any] | None


@dataclass(frozen=True)
class Change:
    """One change. `other` is the record associated, dissociated or merged away; `id` 0: one to be made."""

    action: Action
    kind: str
    id: int = 0
    values: dict[str, str] = field(default_factory=dict)
    other: tuple[str, int] | None = None

    def request(self, version: str = VERSION) -> Request:
        """The call that makes this change through the dated API."""
        objects = f"/crm/objects/{version}/{PLURAL[self.kind]}"
        if self.action == "update":
            return Request("PATCH", f"{objects}/{self.id}", {"properties": self.values})
        if self.action == "archive":
            return Request("DELETE", f"{objects}/{self.id}", None)
        kind, other = self.other or ("contact", 0)
        if self.action == "merge":
            body = {"primaryObjectId": str(self.id), "objectIdToMerge": str(other)}
            return Request("POST", f"{objects}/merge", body)
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": wire.DEAL_TO_CONTACT}]
        if self.action == "create":
            links = [{"to": {"id": str(other)}, "types": types}]
            return Request("POST", objects, {"properties": self.values, "associations": links})
        batch = f"/crm/associations/{version}/{PLURAL[self.kind]}/{PLURAL[kind]}/batch"
        pair: dict[str, Any] = {"from": {"id": str(self.id)}, "to": {"id": str(other)}, "types": types}
        if self.action == "associate":
            return Request("POST", f"{batch}/create", {"inputs": [pair]})
        pair = {"from": {"id": str(self.id)}, "to": [{"id": str(other)}]}
        return Request("POST", f"{batch}/archive", {"inputs": [pair]})


def random_changes(
    world: World, n: int, seed: int, *, now: datetime | None = None, merges: bool = False
) -> list[Change]:
    """`n` changes that can be made one after another: none touches a record that an earlier one removed.

    `now` (default: the last moment in the world) is the newest date that a change writes, save for the close
    dates of open deals. The world itself is left alone.
    """
    return _Day(world, seed, now, merges).changes(n)


class _Day:
    """The world as the changes so far have left it."""

    def __init__(self, world: World, seed: int, now: datetime | None, merges: bool) -> None:
        self.rng = np.random.default_rng(seed)
        self.deals = {d.id: _contacts_of(d) for d in world.deals}
        self.contacts = [c.id for c in world.contacts]
        moments = [
            at for r in (*world.contacts, *world.deals) for at in (r.created_at, *(h[2] for h in r.history))
        ]
        latest = max(moments, default=0)
        self.now = round(now.astimezone(UTC).timestamp() * 1000) if now else latest
        self.deal_ids = list(self.deals)
        acts: list[tuple[Callable[[], Change | None], float]] = [
            (self.new_order, 0.28),
            (self.edit_amount, 0.16),
            (self.move_stage, 0.14),
            (self.move_date, 0.12),
            (self.edit_contact, 0.12),
            (self.share_deal, 0.06),
            (self.leave_deal, 0.05),
            (self.delete_deal, 0.05),
            (self.delete_contact, 0.01),
            (self.merge_contacts, 0.01 if merges else 0.0),
        ]
        self.acts = [act for act, _ in acts]
        weights = np.array([weight for _, weight in acts])
        self.weights = weights / weights.sum()

    def changes(self, n: int) -> list[Change]:
        """The first `n` that can be done."""
        made: list[Change] = []
        tries = 0
        while len(made) < n and tries < 100 * (n + 1):
            tries += 1
            change = self.acts[int(self.rng.choice(len(self.acts), p=self.weights))]()
            if change is not None:
                made.append(change)
        return made

    def _pick(self, ids: list[int]) -> int | None:
        return ids[int(self.rng.integers(0, len(ids)))] if ids else None

    def _amount(self) -> str:
        return f"{self.rng.gamma(2.0, 60.0):.2f}"

    def _moment(self, ago: int, ahead: int) -> str:
        """A moment between `ago` days back and `ahead` days to come."""
        return iso(np.array([self.now + int(self.rng.integers(-ago * DAY_MS, ahead * DAY_MS + 1))]))[0]

    def new_order(self) -> Change | None:
        """A won deal of these days; its id is the CRM's to give, so no later change touches it."""
        contact = self._pick(self.contacts)
        if contact is None:
            return None
        values = {"dealname": "New order", "pipeline": "default", "dealstage": "closedwon"}
        values |= {"amount": self._amount(), "closedate": self._moment(5, 0)}
        return Change("create", "deal", 0, values, ("contact", contact))

    def edit_amount(self) -> Change | None:
        """Another amount; now and then none, 0 or a refund."""
        deal = self._pick(self.deal_ids)
        amount = str(self.rng.choice([self._amount(), self._amount(), self._amount(), "", "0", "-25.00"]))
        return Change("update", "deal", deal, {"amount": amount}) if deal else None

    def move_stage(self) -> Change | None:
        """Any stage to any other: won, lost with a reason, open again."""
        deal = self._pick(self.deal_ids)
        stage = str(self.rng.choice([*wire.STAGES]))
        values = {"dealstage": stage}
        if stage == "closedlost":
            values["closed_lost_reason"] = str(self.rng.choice(["price", "quality", "service"]))
        return Change("update", "deal", deal, values) if deal else None

    def move_date(self) -> Change | None:
        """The close date, up to two years back or a month ahead."""
        deal = self._pick(self.deal_ids)
        return Change("update", "deal", deal, {"closedate": self._moment(730, 30)}) if deal else None

    def edit_contact(self) -> Change | None:
        """What a contact said or what we know about it."""
        contact = self._pick(self.contacts)
        values = [
            {"hs_feedback_last_nps_rating": str(int(self.rng.integers(0, 11)))},
            {"notes_last_contacted": self._moment(30, 0)},
            {"lastname": "Renamed"},
        ]
        return Change("update", "contact", contact, values[int(self.rng.integers(0, 3))]) if contact else None

    def share_deal(self) -> Change | None:
        """One more contact at a deal."""
        deal, contact = self._pick(self.deal_ids), self._pick(self.contacts)
        if not deal or not contact or contact in self.deals[deal]:
            return None
        self.deals[deal].append(contact)
        return Change("associate", "deal", deal, {}, ("contact", contact))

    def leave_deal(self) -> Change | None:
        """One contact less at a deal."""
        deal = self._pick(self.deal_ids)
        if not deal or not self.deals[deal]:
            return None
        return Change("dissociate", "deal", deal, {}, ("contact", self.deals[deal].pop()))

    def delete_deal(self) -> Change | None:
        """A deal goes into the bin."""
        deal = self._pick(self.deal_ids)
        if not deal:
            return None
        self.deal_ids.remove(deal)
        return Change("archive", "deal", deal)

    def delete_contact(self) -> Change | None:
        """A contact goes into the bin; its deals stay."""
        contact = self._pick(self.contacts)
        if not contact or len(self.contacts) < 3:
            return None
        self._forget(contact)
        return Change("archive", "contact", contact)

    def merge_contacts(self) -> Change | None:
        """Two contacts become one with a new id: neither is touched again."""
        one, other = self._pick(self.contacts), self._pick(self.contacts)
        if not one or not other or one == other or len(self.contacts) < 4:
            return None
        self._forget(one)
        self._forget(other)
        return Change("merge", "contact", one, {}, ("contact", other))

    def _forget(self, contact: int) -> None:
        self.contacts.remove(contact)
        for sharers in self.deals.values():
            if contact in sharers:
                sharers.remove(contact)


def _contacts_of(deal: WorldRecord) -> list[int]:
    return [id_ for kind, id_, _ in deal.associations if kind == "contact"]
