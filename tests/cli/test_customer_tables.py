"""`lifecycle models check --customers`: tables of customers against one's rules, without pytest."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.errors import InputError
from plugin.testing import check_table, read_table
from tests.support.commands import lifecycle

COFFEE = """model: coffee
stages: [{key: guest}, {key: member}, {key: gone}]
rules:
  - stage: gone
    when: lost
  - stage: member
    when: purchases >= 3 AND days_since_purchase <= 45
  - stage: guest
"""
CLUB = """mapping: lifecycle.yaml
customers:
  - name: comes thrice
    created: 2026-01-01
    deals:
      - {won: 2026-01-05, amount: 4.50}
      - {won: 2026-01-20, amount: 4.50}
      - {opened: 2026-01-30, won: 2026-02-01, amount: 9}
    expect:
      2026-02-10: {stage: member, next_stage: guest, facts: {purchases: 3}}
  - name: leaves
    created: 2026-01-01
    expect:
      2026-01-15: guest
"""
SHEET = """customer,day,event,value
Ada,2026-01-01,created,
Ada,2026-01-05,won,4.50
Ada,2026-01-06,expect,guest
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with rules, a mapping that chooses them, and two tables."""
    (tmp_path / "coffee.yaml").write_text(COFFEE)
    (tmp_path / "lifecycle.yaml").write_text("version: 1\nrules: [coffee.yaml]\nmodels: {primary: coffee}\n")
    (tmp_path / "club.customers.yaml").write_text(CLUB)
    (tmp_path / "club.customers.csv").write_text(SHEET)
    return tmp_path


def test_each_customer_of_each_table_passes(folder: Path) -> None:
    """Told by table; a spreadsheet names no mapping: the one model of the file that is checked is meant."""
    tables = ("--customers", "club.customers.yaml", "--customers", "club.customers.csv")
    done = lifecycle(folder, "models", "check", "coffee.yaml", *tables)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "The rules are in order.",
            "club.customers.yaml, by coffee:",
            "  pass  comes thrice",
            "  pass  leaves",
            "club.customers.csv, by coffee:",
            "  pass  Ada",
            "3 passed, 0 failed",
        ],
    )


def test_a_customer_that_differs_is_told_as_pytest_tells_it_and_the_status_is_1(folder: Path) -> None:
    """With what was expected, what came, why, and what decided it."""
    table = folder / "club.customers.yaml"
    table.write_text(CLUB.replace("stage: member", "stage: gone").replace("purchases: 3", "purchases: 2"))
    done = lifecycle(folder, "models", "check", "--customers", table.name)
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "The rules are in order.",
            "club.customers.yaml, by coffee:",
            "  FAIL  comes thrice",
            "    2026-02-10  stage: expected gone, got member   3 purchases, the last on 1 Feb 2026.",
            "          member: purchases >= 3 AND days_since_purchase <= 45 holds "
            "(days_since_purchase 9, purchases 3)",
            *[line for line in done.stdout.splitlines() if line.startswith("          gone: lost does not")],
            "    2026-02-10  fact purchases: expected 2, got 3",
            "  pass  leaves",
            "1 passed, 1 failed",
        ],
    )
    with pytest.raises(AssertionError) as failed:
        check_table(table)
    said = [line.strip() for line in str(failed.value).splitlines()[2:]]
    assert said == [line.strip() for line in done.stdout.splitlines()[3:-2]]


def test_machines_get_the_same(folder: Path) -> None:
    """One object; nothing beside it on standard output."""
    (folder / "club.customers.csv").write_text(SHEET.replace("guest", "member"))
    done = lifecycle(folder, "models", "check", "coffee.yaml", "--customers", "club.customers.csv", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (
        1,
        {
            "warnings": [],
            "passed": 0,
            "failed": 1,
            "customers": [
                {
                    "table": "club.customers.csv",
                    "model": "coffee",
                    "customer": "Ada",
                    "expectations": 1,
                    "pass": False,
                    "differences": [
                        {
                            "on": "2026-01-06",
                            "what": "stage",
                            "expected": "member",
                            "got": "guest",
                            "reason": "First purchase on 5 Jan 2026.",
                            "decided": [
                                "guest: comes where no rule above it holds",
                                "member: purchases >= 3 AND days_since_purchase <= 45 does not hold "
                                "(days_since_purchase 1, purchases 1)",
                            ],
                        }
                    ],
                }
            ],
        },
    )
    (folder / "coffee.yaml").write_text(COFFEE.replace("purchases >= 3", "purchses >= 3"))
    wrong = lifecycle(folder, "models", "check", "coffee.yaml", "--json")
    assert (wrong.returncode, [one["line"] for one in json.loads(wrong.stdout)["faults"]]) == (2, [7])


def test_a_customer_of_whom_nothing_is_expected_is_not_passed_over_in_silence(folder: Path) -> None:
    (folder / "club.customers.csv").write_text(SHEET.replace("expect,guest", "set,nps=9"))
    done = lifecycle(folder, "models", "check", "--customers", "club.customers.csv")
    assert "  pass  Ada (nothing is expected of it)" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("created: 2026-01-01", "creatd: 2026-01-01", "Did you mean created?"),
        ("2026-01-15: guest", "2026-01-15: gest", "Did you mean guest?"),
        ("facts: {purchases: 3}", "facts: {purchasess: 3}", "Did you mean purchases?"),
        ("stage: member,", "flags: [slepping],", "Did you mean sleeping?"),
        ("amount: 9", "amount: nine", "'nine' is no number"),
        ("won: 2026-02-01", "won: 20260-02-01", "is no day"),
        ("won: 2026-02-01", "won: 9999-12-31", "after 2199"),
        ("customers:", "customers: 5\nlist:", "no key 'list'"),
        ("  - name: leaves", "  - *leaves", "is an alias"),
        ("mapping: lifecycle.yaml", "mapping: nowhere.yaml", "nowhere.yaml"),
        ("mapping: lifecycle.yaml", "mapping: [a]", "no text"),
        ("  - name: leaves", "\t- name: leaves", "club.customers.yaml:11:"),
    ],
)
def test_a_table_that_is_wrong_is_refused_before_any_customer_is_judged(
    folder: Path, old: str, new: str, said: str
) -> None:
    """Status 2, one message with a cure, and no customer said to pass."""
    (folder / "club.customers.yaml").write_text(CLUB.replace(old, new, 1))
    done = lifecycle(folder, "models", "check", "--customers", "club.customers.yaml")
    assert (done.returncode, "pass" in done.stdout) == (2, False)
    assert said in done.stderr
    assert "Cure: " in done.stderr


WRONG = """mapping: lifecycle.yaml
customers:
  - name: one
    creatd: 2026-01-01
    deals: [{wn: 2026-01-05, amount: '1.000,50'}, {won: 5 January}]
    expect:
      2026-01-06: {stage: gest, flags: [overdu], facts: {purchses: 1}}
  - name: two
    expect: {05.02.2026: guest}
"""
WRONG_SHEET = """customer,day,event,value,deal
Ada,2026-01-01,created,,
Ada,05.02.2026,expect,guest,
Ada,2026-03-01,explode,x,
Ada,2026-03-02,won,"1.000,50",
Bob,2026-01-01,created,,
Bob,2026-01-02,expect,gest,
"""


def test_every_fault_of_every_table_is_told_at_once_with_its_place(folder: Path) -> None:
    """Of YAML with the column; what only follows is not told; machines get the same as JSON."""
    (folder / "a.customers.yaml").write_text(WRONG)
    (folder / "b.customers.csv").write_text(WRONG_SHEET)
    tables = ("--customers", "a.customers.yaml", "--customers", "b.customers.csv")
    done = lifecycle(folder, "models", "check", "coffee.yaml", *tables, "--json")
    faults = json.loads(done.stdout)["faults"]
    assert done.returncode == 2
    assert [(one["file"][0], one["line"], one["column"]) for one in faults] == [
        *(("a", 4, 5), ("a", 5, 14), ("a", 5, 38), ("a", 5, 57)),
        *(("a", 7, 27), ("a", 7, 41), ("a", 7, 58), ("a", 8, 5), ("a", 9, 14)),
        *(("b", 3, 1), ("b", 4, 1), ("b", 5, 1), ("b", 7, 1)),
    ]
    assert "as in 1000.50" in faults[2]["cure"]
    assert "as in 1000.50" in faults[11]["cure"]
    for one in faults:
        assert f"{one['file']}:{one['line']}:{one['column']}: {one['message']} Cure: " in done.stderr


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_RIGHT: dict[str, Any] = {
    "name": "Ada",
    "created": "2026-01-01",
    "properties": {"nps": 9},
    "changes": [{"on": "2026-01-02", "nps": 3}],
    "contacts": [{"created": "2026-01-01"}],
    "deals": [{"opened": "2026-01-02", "moved": ["2026-01-03"], "won": "2026-01-05", "amount": 4.5}],
    "expect": {"2026-01-06": {"stage": "active", "flags": [], "facts": {"purchases": 1}}},
    "path": {"2026-01-01": "lead"},
}


@settings(max_examples=100, deadline=None)
@given(st.data(), _ANYTHING)
def test_whatever_stands_in_a_table_it_is_read_or_refused_with_a_cure(data: st.DataObject, odd: Any) -> None:
    """One place of a right table holds something else."""
    table: dict[str, Any] = {"portal": {"usual_gap_days": 30}, "customers": [{**_RIGHT}]}
    places = [(table, key) for key in ("portal", "mapping", "rules", "model", "customers")]
    places += [(table["customers"][0], key) for key in _RIGHT]
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = odd
    with contextlib.suppress(InputError):
        assert read_table(table).cases


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text('Ada,;"\n2026-01-05won=', max_size=30), max_size=4))
def test_whatever_stands_in_a_spreadsheet_it_is_read_or_refused_with_a_cure(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("\n".join(["customer,day,event,value", *lines]).encode())
    with contextlib.suppress(InputError):
        assert read_table(path).cases
