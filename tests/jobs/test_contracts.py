"""Customers under contract in a served portal: predicted as offline, before and after payments and days."""

from __future__ import annotations

import json
from pathlib import Path

from plugin.clock import FixedClock, milliseconds
from plugin.jobs.fit import value_standing
from plugin.records import lookup
from plugin.records.store import Store
from plugin.sandbox.loaders import wire
from plugin.sandbox.loaders.moments import DAY_MS
from plugin.sandbox.world import World, WorldRecord
from tests.conftest import NOON
from tests.support.house import House, differing, house
from tests.value.contracts import END, drawn

_TO_CONTACT = 3


def payers(size: int) -> World:
    """Monthly payers whose record ends at noon."""
    drawn_, noon = drawn(size, years=1.5), milliseconds(NOON)
    at = [noon + (int(day) - END) * DAY_MS for day in drawn_.day]
    first = {int(who): moment for who, moment in reversed(list(zip(drawn_.owner, at, strict=True)))}
    contacts = [WorldRecord(1_000 + who, {"email": f"c{who}@example.com"}, first[who]) for who in range(size)]
    deals = []
    for n, (who, moment) in enumerate(zip(drawn_.owner, at, strict=True)):
        values = {
            "dealname": f"Payment {n}",
            "amount": str(drawn_.price[who]),
            "dealstage": "closedwon",
            "pipeline": "default",
            "closedate": str(moment),
        }
        deals.append(
            WorldRecord(wire.DEAL_IDS + n, values, moment, [], [("contact", 1_000 + int(who), _TO_CONTACT)])
        )
    return World(contacts, deals=deals)


def metrics(home: House, customer: int) -> dict[str, object]:
    """The exact figures of a customer, as kept."""
    with home.context.store.read() as connection:
        kept = lookup.kept(connection, home.portal_id, ("contact", customer))
    assert kept is not None
    found: dict[str, object] = json.loads(json.dumps(kept.body["metrics"], default=str))
    return found


def test_contracts_are_predicted_as_offline_before_and_after_payments_and_days(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """Published by sBG; a payment renews, and days that pass change what is written as they should."""
    file = tmp_path / "lifecycle.yaml"
    file.write_text("version: 1\npurchase: {setting: contract, period: month}\n")
    with house(store, clock, payers(130), config=file) as home:
        home.load()
        home.settle()
        told = value_standing(home.context, home.portal_id)["objects"]["contact"]
        assert (told["published"], told["model"], told["months"]) == (True, "sbg", 1)
        assert differing(home) == []
        clock.sleep(8 * 86_400)  # some are overdue then
        home.settle()
        assert differing(home) == []
        due = next(i for i, one in home.standing().items() if one["clm_p_alive"] not in ("", "0", "1"))
        before = metrics(home, due)
        won = {"dealstage": "closedwon", "amount": "29", "closedate": clock.now().isoformat()}
        home.crm.store.create_deal(due, won)
        home.settle()
        after = metrics(home, due)
        assert (after["p_alive"], after["renewals"]) == (1.0, int(str(before["renewals"])) + 1)
        assert home.standing()[due]["clm_p_alive"] == "1"
        assert differing(home) == []
