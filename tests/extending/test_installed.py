"""Functions of installed packages: found by their entry point, tried, served, and told when they fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin import wiring
from plugin.cli import cli, show
from plugin.clock import FixedClock
from plugin.jobs.status import status
from plugin.mapping.load import load_mapping
from plugin.records.store import Store
from plugin.sandbox.loaders import generate
from tests.conftest import NOON
from tests.extending.packages import install
from tests.support.house import differing, house

CODE = """
from plugin.extending import numbers


def visits(frame):
    found = numbers(frame["hs_analytics_num_visits"])
    if (found == 77).fill_null(False).any():
        raise ValueError("77 visits of ada@example.com")
    return found
"""
MAPPING = """version: 1
contact:
  extras: [hs_analytics_num_visits]
derived_facts:
  - {name: visits, type: number, function: visits, reads: [hs_analytics_num_visits]}
rules: [rules.yaml]
"""
RULES = """segments:
  - {key: curious, labels: {en: Curious}, when: visits >= 5}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mapping that names a derived fact, and the package that offers it."""
    install(tmp_path / "site", monkeypatch, "ourvisits", CODE, {"visits": "visits"})
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "m.yaml").write_text(MAPPING)
    return tmp_path / "m.yaml"


def check(config: Path) -> tuple[int, str]:
    """`config check` as an admin sees it."""
    done = CliRunner().invoke(cli, ["config", "check", str(config)])
    return done.exit_code, done.output


def test_a_portal_is_served_with_a_fact_of_ones_own_and_goes_on_when_it_fails(
    store: Store, clock: FixedClock, config: Path
) -> None:
    """The segment stands in the CRM; the customer on whom the function fails has none, and is told of."""
    world = generate(20, seed=4, end=NOON.date())
    first, second, third = world.contacts[:3]
    for contact, number in ((first, "9"), (second, "77"), (third, "2")):
        contact.properties["hs_analytics_num_visits"] = number
    with house(store, clock, world, config=config) as home:
        home.load()
        home.settle()
        assert differing(home) == []
        segments = {id_: one.get("clm_segment") or "" for id_, one in home.standing().items()}
        assert [id_ for id_, written in segments.items() if "curious" in written] == [first.id]
        assert all(one.get("clm_stage") for one in home.standing().values())
        (told,) = status(home.context)["portals"][0]["facts_failed"]
        assert (told["fact"], told["count"]) == ("visits", 1)
        assert told["problem"] == "its function visits raised ValueError"
        assert "visits is unknown for some" in show.status_text(status(home.context))


def test_a_changed_function_is_another_configuration(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every customer is computed again."""
    before = wiring.config_version(load_mapping(config))
    assert before == wiring.config_version(load_mapping(config))
    install(config.parent / "site", monkeypatch, "ourvisits", CODE.replace("77", "78"), {"visits": "visits"})
    monkeypatch.setattr("plugin.lifecycle.models._CACHE", {})  # as another process
    assert wiring.config_version(load_mapping(config)) != before


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import nothing_of_that_name", ("cannot be imported", "ModuleNotFoundError", "reinstall")),
        ("visits = 3", ("is no function but of type int",)),
        ("def other(frame): ...", ("AttributeError",)),
        ("raise SystemExit(4)", ("SystemExit",)),
        (
            "def visits(frame): return frame['hs_analytics_num_visits'].cast(float)",
            ("raised", "made-up rows"),
        ),
    ],
)
def test_the_check_says_clearly_why_a_function_cannot_be_used(
    config: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: tuple[str, ...]
) -> None:
    """With the line of the mapping that names it."""
    install(config.parent / "site", monkeypatch, "ourvisits", code, {"visits": "visits"})
    status_, output = check(config)
    assert status_ == 2, output
    assert f"{config}:5:44: " in output, output
    assert all(word in output for word in (*words, "visits")), output


def test_only_what_a_package_offers_can_be_named(config: Path) -> None:
    """Neither a module of the system nor another function of the same package; by name or by value."""
    for function, code in (
        ("visits", 0),
        ("ourvisits:visits", 0),
        ("os:system", 2),
        ("ourvisits:numbers", 2),
    ):
        config.write_text(MAPPING.replace("function: visits", f'function: "{function}"'))
        found, output = check(config)
        assert found == code, output
        assert code == 0 or "no installed package offers" in output


def test_two_packages_that_offer_the_same_name_are_told_apart(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the value of the entry point."""
    install(config.parent / "other", monkeypatch, "theirvisits", CODE, {"visits": "visits"})
    assert "several packages offer 'visits': ourvisits:visits, theirvisits:visits" in check(config)[1]
    config.write_text(MAPPING.replace("function: visits", 'function: "theirvisits:visits"'))
    assert check(config)[0] == 0


def test_nothing_is_imported_that_the_mapping_does_not_name(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package may offer what nobody asked for."""
    install(config.parent / "other", monkeypatch, "unasked", "raise RuntimeError('imported')", {"x": "x"})
    assert check(config)[0] == 0
    assert "unasked" not in sys.modules


def test_faults_in_the_entries_themselves_have_their_place(config: Path) -> None:
    """Unknown keys, missing ones, wrong words."""
    config.write_text(
        "version: 1\nderived_facts:\n  - {name: a, type: number, function: f}\n"
        "  - {name: B c, type: numbr, function: f, reads: [nps], moves: ever, why: so}\n  - 7\n"
    )
    status_, output = check(config)
    assert status_ == 2
    for said in (
        "m.yaml:3:5: A derived fact lacks reads",
        "'B c' is not the name of a fact",
        "'numbr' is not one of number, text, bool, date. Cure: Did you mean number?",
        "'ever' is not one of still, since, until, any",
        "There is no key `why` in a derived fact",
        "7 is no derived fact",
    ):
        assert said in output, output


def test_a_rule_file_with_a_fault_fails_the_check_of_the_mapping(config: Path) -> None:
    """A mapping is only in order when everything that it names is."""
    (config.parent / "rules.yaml").write_text(RULES.replace("visits >= 5", "visit >= 5"))
    status_, output = check(config)
    assert status_ == 2
    assert "rules.yaml:2:" in output
    assert "did you mean 'visits'" in output
