"""The lists that reps call from: made once, filled by the CRM from what was written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from plugin.clock import FixedClock
from plugin.errors import CrmError
from plugin.jobs import uninstall
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


WRITTEN_AS = """version: 1
outputs:
  clm_stage: {name: our_stage, values: {sleeping: quiet, lost: quiet, loyal: fan}}
  clm_tier: {values: {platinum: A, gold: A}}
  clm_risk_level: {values: {high: "3"}}
"""


def test_lists_ask_for_what_the_mapping_has_written(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    """Two stages that are one option are one list; whoever was written as it is in it."""
    file = tmp_path / "ours.yaml"
    file.write_text(WRITTEN_AS)
    with house(store, clock, cdnow(NOON.date(), limit=150), config=file) as home:
        home.load()
        home.settle()
        install_portal(home.context, live=True, lists=True)
        standing = list(home.standing().values())
        stages = Counter(one["our_stage"] for one in standing)
        assert members(home, "Lifecycle · Sleeping") == stages["quiet"] > 0
        assert members(home, "Lifecycle · Loyal") == stages["fan"] > 0
        assert home.client().list_named("contact", "Lifecycle · Lost") is None
        best = [one for one in standing if one.get("clm_tier") == "A"]
        at_risk = sum(one.get("clm_risk_level") in ("medium", "3") for one in best)
        assert members(home, "Lifecycle · High value at risk") == at_risk > 0


def test_an_uninstall_that_removes_properties_removes_the_lists_too(store: Store, clock: FixedClock) -> None:
    """Those of `install --lists` and no others; where there are none, or they may not be seen, nothing."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        context, portal_id = home.context, home.portal_id
        install_portal(context, live=False, lists=False)
        assert uninstall.lists(context, portal_id) == []
        install_portal(context, live=False, lists=True)
        theirs = home.client().create_list("contact", "Lifecycle · mine", [{"clm_stage": ("lost",)}])
        found = uninstall.lists(context, portal_id)
        assert len(found) == 22
        uninstall.remove_lists(context, portal_id, found)
        assert uninstall.lists(context, portal_id) == []
        assert home.client().list_named("contact", "Lifecycle · mine") == theirs
        home.crm.faults.add({"kind": "403", "contains": "/lists"})
        assert uninstall.lists(context, portal_id) == []


def test_without_the_scope_the_message_names_it(store: Store, clock: FixedClock) -> None:
    """The properties are there all the same."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.crm.faults.add({"kind": "403", "contains": "/lists"})
        with pytest.raises(CrmError, match=r"crm\.lists\.write"):
            install_portal(home.context, live=False, lists=True)
        home.crm.faults.clear()
        assert any(one.name == "clm_stage" for one in home.client().properties("contact"))
