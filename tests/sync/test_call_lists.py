"""The lists that reps call from: made once, filled by the CRM from what was written."""

from __future__ import annotations

from collections import Counter

import pytest

from plugin.clock import FixedClock
from plugin.errors import CrmError
from plugin.jobs.install import install_portal
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sync.call_lists import drop_lists, wanted
from plugin.sync.options import RuleOptions
from tests.conftest import NOON
from tests.support.house import House, house


def members(home: House, name: str) -> int:
    crm = home.client()
    list_id = crm.list_named("contact", name)
    assert list_id is not None, name
    return sum(len(page) for page in crm.list_members(list_id))


def test_every_stage_and_flag_has_a_list_of_those_who_are_in_it(store: Store, clock: FixedClock) -> None:
    """Made once; a second install finds them all, and dropping takes exactly these away."""
    with house(store, clock, cdnow(NOON.date(), limit=150)) as home:
        home.load()
        home.settle()
        first = install_portal(home.context, live=True, lists=True).lists
        assert first is not None
        assert (len(first.made), first.kept) == (9 + 12 + 1, 0)
        stages = Counter(one["clm_stage"] for one in home.standing().values())
        assert members(home, "Lifecycle · Sleeping") == stages["sleeping"] > 0
        assert members(home, "Lifecycle · Lost") == stages["lost"] > 0
        flagged = [
            one for one in home.standing().values() if "overdue" in one.get("clm_risk_flags", "").split(";")
        ]
        assert members(home, "Lifecycle · Risk: Overdue") == len(flagged)
        at_risk = [
            one
            for one in home.standing().values()
            if one.get("clm_tier") in ("platinum", "gold") and one.get("clm_risk_level") in ("medium", "high")
        ]
        assert members(home, "Lifecycle · High value at risk") == len(at_risk) > 0
        again = install_portal(home.context, live=True, lists=True).lists
        assert again is not None
        assert (len(again.made), again.kept) == (0, 22)
        mapping, options = home.context.mapping, RuleOptions(home.context.models)
        assert drop_lists(home.client(), wanted(mapping, options, "en")) == 22
        assert drop_lists(home.client(), wanted(mapping, options, "en")) == 0


def test_without_the_scope_the_message_names_it(store: Store, clock: FixedClock) -> None:
    """The properties are there all the same."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.crm.faults.add({"kind": "403", "contains": "/lists"})
        with pytest.raises(CrmError, match=r"crm\.lists\.write"):
            install_portal(home.context, live=False, lists=True)
        home.crm.faults.clear()
        assert any(one.name == "clm_stage" for one in home.client().properties("contact"))
