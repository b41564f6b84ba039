"""Small worlds of the kinds of business that presets are for, with what is true of every customer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from plugin.jobs.meaning import evaluate, fit
from plugin.lifecycle.models import load_models
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.records import Records
from plugin.mapping import presets
from plugin.mapping.load import read_mapping
from plugin.sandbox.loaders import Habits, generate, opportunities
from plugin.sandbox.world import World
from plugin.testing import Case, Sale
from plugin.testing.wire import records_of

END = date(2026, 11, 22)
DATA = Path(__file__).parents[1] / "data" / "opportunities"


@dataclass
class Business:
    """Records, the day to look from, and by id what is so."""

    records: Records
    truth: dict[int, str]
    day: date = END


def outcomes_of(preset: str, business: Business) -> Outcomes:
    """What the preset makes of a business."""
    mapping, findings = read_mapping(presets.text(preset).encode())
    assert not [finding for finding in findings if finding.severity == "error"]
    parameters = fit(business.records, mapping, business.day)
    models = load_models(mapping, mapping.rules)
    return evaluate(business.records, mapping, models, parameters, business.day)


def crossed(preset: str, business: Business) -> Counter[tuple[str, str]]:
    """(what is so, stage) → customers."""
    frame = outcomes_of(preset, business).frame
    pairs = zip(frame["id"].to_list(), frame["stage"].to_list(), strict=True)
    return Counter((business.truth[id_], stage) for id_, stage in pairs)


def from_world(world: World) -> Records:
    """A sandbox world's records as the mirror would hold them."""
    rows: dict[str, list[dict[str, object]]] = {"contacts": [], "companies": [], "deals": [], "history": []}
    for kind, plural in (("contact", "contacts"), ("company", "companies"), ("deal", "deals")):
        for record in getattr(world, plural):
            row: dict[str, object] = {"id": record.id, **record.properties}
            for other in ("contact", "company") if kind != "company" else ():
                ids = sorted({i for k, i, _ in record.associations if k == other})
                row |= {f"{other}_ids": ids} if kind != "contact" or other == "company" else {}
            rows[plural].append(row)
            past = [(name, value, at) for name, value, at in record.history]
            rows["history"] += [
                {"object": kind, "id": record.id, "property": n, "value": v, "at": at} for n, v, at in past
            ]
    return Records.from_rows(**rows)


def shop(size: int = 600, seed: int = 11) -> Business:
    """People who order every month or so; some leave."""
    habits = Habits(years=2.0, mean_gap=32.0, regularity=1, in_company=0.0, shared=0.0, open_deals=0.05)
    world = generate(size, seed, end=END, habits=habits)
    truth = {}
    for id_, known in world.truth.items():
        left = known["left_on"] and date.fromisoformat(known["left_on"])
        gone = (END - left).days if left else 0
        truth[id_] = (
            "never bought"
            if not known["rate"]
            else "left long ago"
            if gone > 400
            else "left lately"
            if left
            else "customer"
        )
    return Business(from_world(world), truth)


def b2b(folder: Path = DATA) -> Business:
    """Real opportunities, looked at on the excerpt's last busy day; nobody ever goes quiet in them."""
    world = opportunities(folder)
    won = [d for d in world.deals if d.properties["dealstage"] == "closedwon"]
    bought = {id_ for deal in won for kind, id_, _ in deal.associations if kind == "company"}
    truth = {c.id: "bought" if c.id in bought else "only in deals" for c in world.companies}
    return Business(from_world(world), truth, date(2017, 3, 31))


def subscriptions(size: int = 240, seed: int = 5) -> Business:
    """Yearly and monthly payers who renew, forget or leave; trials; leads."""
    rng = np.random.default_rng(seed)
    kinds = ("renews", "renews", "due", "left", "forgot", "forgot long ago", "trial", "lead")
    cases, truth = [], {}
    for number in range(1, size + 1):
        kind = kinds[number % len(kinds)]
        truth[number] = kind
        cases.append(_subscriber(kind, rng, monthly=number % 3 == 0))
    return Business(records_of(cases, "company", "UTC"), truth)


def _subscriber(kind: str, rng: np.random.Generator, *, monthly: bool) -> Case:
    step = 30 if monthly else 365
    past = int(rng.integers(1, 12 if monthly else 3))
    if kind in ("trial", "lead"):
        deals = [Sale(END - timedelta(int(rng.integers(1, 50))))] if kind == "trial" else []
        return Case("company", END - timedelta(100), deals=deals)
    left = {"renews": (61, 300), "due": (0, 60), "left": (10, 200), "forgot": (-60, -50)}
    low, high = left.get(kind, (-300, -150))
    until = END + timedelta(int(rng.integers(low, high + 1)))
    if kind == "renews" and monthly:
        until = END + timedelta(int(rng.integers(61, 90)))  # three months paid ahead
    begins = [until - timedelta(step * n) for n in range(past, 0, -1)]
    begins = [day for day in begins if day <= END - timedelta(50)] or [min(until, END) - timedelta(75)]
    changes = [(day, "contract_until", until.isoformat()) for day in begins[-1:]]
    if kind == "left":
        gone = END - timedelta(int(rng.integers(1, 40)))
        changes.append((gone, "cancelled_on", gone.isoformat()))
    sales = [Sale(day - timedelta(5), won=day, amount=100.0 if monthly else 1000.0) for day in begins]
    return Case("company", begins[0] - timedelta(30), changes=changes, deals=sales)


def services(size: int = 120, seed: int = 9) -> Business:
    """Clients on a retainer, clients with projects, some gone, some only asking."""
    rng = np.random.default_rng(seed)
    kinds = ("retainer", "retainer ends", "projects", "quiet", "gone", "ended it", "pitch")
    cases, truth = [], {}
    for number in range(1, size + 1):
        truth[number] = kinds[number % len(kinds)]
        cases.append(_client(truth[number], rng))
    return Business(records_of(cases, "company", "UTC"), truth)


def _client(kind: str, rng: np.random.Generator) -> Case:
    quiet = {"quiet": (800, 1000), "gone": (2000, 2200), "retainer": (500, 700), "retainer ends": (300, 340)}
    low, high = quiet.get(kind, (20, 150))
    last = END - timedelta(int(rng.integers(low, high)))
    if kind == "pitch":
        return Case("client", last, deals=[Sale(END - timedelta(int(rng.integers(1, 60))))])
    projects = [last - timedelta(int(n)) for n in np.cumsum(rng.integers(120, 300, int(rng.integers(1, 5))))]
    days = sorted({last, *projects})
    sales = [Sale(day - timedelta(30), won=day, amount=8000.0) for day in days]
    changes = []
    if kind.startswith("retainer"):
        ahead = 20 if kind == "retainer ends" else 200
        changes.append((last, "retainer_until", (END + timedelta(ahead)).isoformat()))
    if kind == "ended it":
        changes.append((END - timedelta(10), "cancelled_on", (END - timedelta(10)).isoformat()))
    return Case("client", days[0] - timedelta(60), deals=sales, changes=changes)
