"""The lists that reps call from: made once, filled by the CRM from what was written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from plugin.clock import FixedClock
from plugin.errors import CrmError
from plugin.hubspot.client import Crm
from plugin.jobs import uninstall
from plugin.jobs.config_apply import apply_bundle
from plugin.jobs.install import install_portal
from plugin.mapping.bundle import Bundle
from plugin.records.configs import COMMAND, Origin
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
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
        assert uninstall.remove_lists(home.context, home.portal_id) == 22
        assert uninstall.remove_lists(home.context, home.portal_id) == 0


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
        uninstall.remove_lists(context, portal_id)
        assert uninstall.lists(context, portal_id) == []
        assert home.client().list_named("contact", "Lifecycle · mine") == theirs
        home.crm.faults.add({"kind": "403", "contains": "/lists"})
        assert uninstall.lists(context, portal_id) == []


def speak(home: House, language: str, *, more: str = "") -> None:
    """Another configuration comes into force."""
    text = f"version: 1\nlanguage: {language}\n{more}".encode()
    apply_bundle(home.context, Bundle("ours.yaml", text, {}), Origin(COMMAND, "ada", home.context.now()))
    home.settle()


def names(home: House) -> dict[str, str]:
    """The CRM's lists by id."""
    crm = home.crm.store
    return {one["listId"]: one["name"] for one in crm.lists.all(crm.portals.get(home.portal_id))}


def test_another_language_renames_the_lists_and_makes_no_new_ones(store: Store, clock: FixedClock) -> None:
    """But for one that a person named, and one whose name is taken; all are found again at the end."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.load()
        home.settle()
        install_portal(home.context, live=True, lists=True)
        before, crm = names(home), home.client()
        mine = next(number for number, name in before.items() if name == "Lifecycle · Lost")
        crm.rename_list(mine, "Call them on Monday")
        theirs = crm.create_list("contact", "Cykl życia · Lojalny", [{"clm_stage": ("loyal",)}])
        speak(home, "pl")
        after = names(home)
        assert after.keys() == {*before, theirs}
        changed = {number for number, name in before.items() if after[number] != name}
        loyal = next(number for number, name in before.items() if name == "Lifecycle · Loyal")
        assert changed == before.keys() - {loyal}  # its name is taken
        assert after[mine] == "Call them on Monday"
        assert all(after[number].startswith("Cykl życia · ") for number in changed - {mine})
        again = install_portal(home.context, live=True, lists=True).lists
        assert again is not None
        assert (again.made, again.kept, again.renamed) == ((), 22, ())
        found = uninstall.lists(home.context, home.portal_id)
        assert {one.list_id for one in found} == set(before)
        assert {one.name for one in found} == {after[number] for number in before}
        assert uninstall.remove_lists(home.context, home.portal_id) == 22
        assert names(home) == {theirs: "Cykl życia · Lojalny"}


def test_a_list_that_was_made_without_our_hearing_of_it_is_ours(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died before the answer came; a list of ours that a person deleted is made again."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        create, left = Crm.create_list, 2

        def dies(*arguments: Any) -> str:
            nonlocal left
            left -= 1
            made = create(*arguments)
            if not left:
                raise KeyboardInterrupt
            return made

        monkeypatch.setattr(Crm, "create_list", dies)
        with pytest.raises(KeyboardInterrupt):
            install_portal(home.context, live=False, lists=True)
        monkeypatch.setattr(Crm, "create_list", create)
        assert len(names(home)) == 2
        done = install_portal(home.context, live=False, lists=True).lists
        assert done is not None
        assert (len(done.made), done.kept) == (20, 2)
        home.client().drop_list(min(names(home)))
        done = install_portal(home.context, live=False, lists=True).lists
        assert done is not None
        assert (len(done.made), done.kept) == (1, 21)
        assert uninstall.remove_lists(home.context, home.portal_id) == 22
        assert names(home) == {}


def test_contacts_and_companies_have_lists_of_their_own_names(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """HubSpot lets no two lists of a portal share a name."""
    file = tmp_path / "ours.yaml"
    file.write_text("version: 1\ncustomer: both\n")
    with house(store, clock, cdnow(NOON.date(), limit=3), config=file) as home:
        done = install_portal(home.context, live=False, lists=True).lists
        assert done is not None
        assert (len(done.made), len(set(names(home).values()))) == (44, 44)
        assert {"Lifecycle · Lost", "Lifecycle · Companies · Lost"} <= set(names(home).values())


def test_without_the_scope_the_message_names_it(store: Store, clock: FixedClock) -> None:
    """The properties are there all the same."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.crm.faults.add({"kind": "403", "contains": "/lists"})
        with pytest.raises(CrmError, match=r"crm\.lists\.write"):
            install_portal(home.context, live=False, lists=True)
        home.crm.faults.clear()
        assert any(one.name == "clm_stage" for one in home.client().properties("contact"))
