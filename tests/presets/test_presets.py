"""Presets: each is in order as written, and makes sense of a business of its kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import cli
from plugin.errors import ConfigError
from plugin.lifecycle.call_list import call_list
from plugin.lifecycle.models import check_models
from plugin.mapping import presets
from plugin.mapping.load import load_mapping
from tests.presets import worlds


def run(*arguments: str) -> str:
    """The output of a command that must succeed."""
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_is_written_and_passes_the_check(name: str, tmp_path: Path) -> None:
    """From an empty folder to a file without a fault or warning, in two commands."""
    file = tmp_path / "ours.yaml"
    run("config", "init", str(file), "--preset", name)
    assert file.read_text() == presets.text(name) == run("config", "preset", name)
    assert json.loads(run("config", "check", str(file), "--json")) == []
    mapping = load_mapping(file)
    assert check_models(mapping, mapping.rules) == []


def test_presets_are_listed_and_a_wrong_name_is_answered_with_the_right_one() -> None:
    """Names and what they are for."""
    listed = run("config", "preset")
    assert all(name in listed for name in presets.names())
    with pytest.raises(ConfigError, match="Did you mean subscriptions"):
        presets.text("subscription")
    with pytest.raises(ConfigError, match="brings no rules"):
        presets.rules_text("shop")


def test_rules_of_a_preset_can_be_copied_and_changed(tmp_path: Path) -> None:
    """The copy beside the mapping works as the shipped file does."""
    (tmp_path / "ours.yaml").write_text(
        presets.text("subscriptions").replace('["preset:subscriptions"]', "[copy.yaml]")
    )
    copy = run("config", "preset", "subscriptions", "--rules").replace("BETWEEN 0 AND 60", "BETWEEN 0 AND 90")
    (tmp_path / "copy.yaml").write_text(copy)
    run("config", "check", str(tmp_path / "ours.yaml"))


def test_a_preset_that_does_not_exist_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    """With its place."""
    (tmp_path / "ours.yaml").write_text('version: 1\nrules: ["preset:shops"]\n')
    with pytest.raises(ConfigError, match=r"ours.yaml:2:9: There is no rule file preset:shops"):
        load_mapping(tmp_path / "ours.yaml")


def test_b2b_accounts_with_orders_are_customers_and_those_in_talks_evaluate() -> None:
    """Seven accounts of the excerpt: six with one to nine orders in March, one with an open deal."""
    found = worlds.outcomes_of("b2b", worlds.b2b())
    rows = [(row["stage"], row["metrics"]["purchases"], row["risk_flags"]) for row in found.to_json()]
    assert rows == [
        ("active", 2, []),
        ("loyal", 5, []),
        ("loyal", 8, ["stalled_deal"]),
        ("active", 2, ["stalled_deal"]),
        ("loyal", 9, ["stalled_deal"]),
        ("active", 2, []),
        ("evaluating", 0, []),
    ]
    assert found.frame["stages"].struct.field("partnership5").to_list()[2] == "development"


def test_a_call_list_of_the_b2b_preset_says_whom_to_call() -> None:
    """Each company with its name."""
    rows = call_list(worlds.outcomes_of("b2b", worlds.b2b()), flags=["stalled_deal"])
    assert len(rows) == 3
    assert all(row["name"] for row in rows)


def test_a_shop_tells_customers_from_those_who_left() -> None:
    """Who left more than a year ago is lost; who is a customer is mostly awake."""
    found = worlds.crossed("shop", worlds.shop())
    gone = {stage: n for (truth, stage), n in found.items() if truth == "left long ago"}
    here = {stage: n for (truth, stage), n in found.items() if truth == "customer"}
    awake = sum(n for stage, n in here.items() if stage in ("new_customer", "active", "loyal", "reactivated"))
    assert sum(n for stage, n in gone.items() if stage == "lost") >= 0.95 * sum(gone.values()) > 10
    assert awake >= 0.75 * sum(here.values()) > 100
    assert {"lead", "engaged"} & {stage for truth, stage in found if truth == "never bought"}
    assert not any(stage in ("active", "loyal") for truth, stage in found if truth == "never bought")


def test_subscriptions_follow_the_contract() -> None:
    """Renewing, due, left, forgotten: each in its stage, whether paid by the month or by the year."""
    found = worlds.crossed("subscriptions", worlds.subscriptions())
    stages = {truth: {stage for t, stage in found if t == truth} for truth, _ in found}
    assert stages == {
        "renews": {"subscribed"},
        "due": {"renewal_due"},
        "left": {"cancelled"},
        "forgot": {"lapsed"},
        "forgot long ago": {"cancelled"},
        "trial": {"trial"},
        "lead": {"lead"},
    }


def test_services_tell_retainers_from_projects() -> None:
    """A retainer keeps a client awake however long ago the last deal was; projects come seldom."""
    business = worlds.services()
    found = worlds.crossed("services", business)
    awake = {"new_customer", "active", "loyal", "reactivated"}
    stages = {truth: {stage for t, stage in found if t == truth} for truth, _ in found}
    assert all(stages[truth] <= awake for truth in ("retainer", "retainer ends", "projects"))
    assert stages["quiet"] <= {"sleeping", "lost"}
    assert stages["gone"] == stages["ended it"] == {"lost"}
    assert stages["pitch"] == {"evaluating"}
    rows = {row["id"]: row for row in worlds.outcomes_of("services", business).to_json()}
    for id_, truth in business.truth.items():
        assert ("retainer_ends" in rows[id_]["risk_flags"]) == (truth == "retainer ends")
        assert ("on_retainer" in rows[id_]["segments"]) == truth.startswith("retainer")
