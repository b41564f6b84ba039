"""The pytest plugin: tables of customers are tests, and say readably what is not as expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.errors import InputError
from plugin.mapping.model import DerivedFact, Mapping, ModelChoice, Sources
from plugin.testing import check_table, read_table
from tests.extending import functions

pytest_plugins = ["pytester"]

TABLE = """customers:
  - name: Ada
    created: 2024-01-01
    deals:
      - {won: 2024-01-10, amount: 100}
      - {opened: 2024-02-01, won: 2024-02-10, amount: 50}
    path:
      2024-01-01: lead
      2024-01-10: new_customer
      2024-02-10: active
    expect:
      2024-08-09: sleeping
  - name: Bob
    created: 2024-01-01
    deals: [{opened: 2024-01-05, moved: 2024-01-20}]
    expect:
      2024-02-01:
        stage: evaluating
        next_stage: lead
        next_stage_on: 2024-07-19
        facts: {open_deals: 1, days_since_deal_moved: 12}
"""


def test_each_customer_of_a_table_is_a_test(pytester: pytest.Pytester) -> None:
    """Without a line of Python."""
    (pytester.path / "ours.customers.yaml").write_text(TABLE)
    pytester.runpytest_inprocess("-p", "plugin.testing.pytest_plugin", "-v").assert_outcomes(passed=2)


def test_a_failure_names_customer_day_expectation_and_the_products_own_reason(
    pytester: pytest.Pytester,
) -> None:
    """So that one sees whether the rule or the expectation is wrong."""
    wrong = TABLE.replace("2024-08-09: sleeping", "2024-08-09: active")
    wrong = wrong.replace("open_deals: 1", "open_deals: 2").replace(
        "2024-02-10: active", "2024-02-11: active"
    )
    (pytester.path / "ours.customers.yaml").write_text(wrong)
    done = pytester.runpytest_inprocess("-p", "plugin.testing.pytest_plugin")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        [
            "ours.customers.yaml: Ada",
            "  2024-02-10  path: expected no change, got active *2 purchases, the last on 10 Feb 2024*",
            "  2024-02-11  path: expected active, got no change",
            "  2024-08-09  stage: expected active, got sleeping *No order since 10 Feb 2024*",
            "      sleeping: sleeping holds (sleeping yes; *days_since_purchase 181*purchases 2*)",
            "      active: buyer AND NOT onboarding holds too, but comes later (buyer yes, onboarding no; *)",
            "ours.customers.yaml: Bob",
            "  2024-02-01  fact open_deals: expected 2, got 1",
        ]
    )
    assert "Traceback" not in done.stdout.str()


def test_a_table_that_cannot_be_read_is_an_error_with_a_cure(pytester: pytest.Pytester) -> None:
    """Not a test that silently passes."""
    (pytester.path / "a.customers.yaml").write_text(TABLE.replace("created", "creatd"))
    (pytester.path / "b.customers.yaml").write_text(TABLE.replace("sleeping", "asleep"))
    done = pytester.runpytest_inprocess("-p", "plugin.testing.pytest_plugin")
    done.assert_outcomes(errors=1, failed=0)
    done.stdout.fnmatch_lines(["*has no key 'creatd'. Cure: Did you mean created?*"])
    done = pytester.runpytest_inprocess("-p", "plugin.testing.pytest_plugin", "b.customers.yaml")
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*lifecycle9 has no stage 'asleep'. Cure: Did you mean sleeping?*"])


def test_a_spreadsheet_says_the_same(tmp_path: Path) -> None:
    """One event a line."""
    (tmp_path / "t.csv").write_text(
        "customer,day,event,value,deal\n"
        "Ada,2024-01-01,created,,\nAda,2024-01-05,opened,,first\nAda,2024-01-10,won,100,first\n"
        "Ada,2024-01-20,opened,,second\nAda,2024-02-10,won,50,second\n"
        "Ada,2024-02-11,set,hs_feedback_last_nps_rating=10,\n"
        "Ada,2024-01-10,expect,new_customer,\nAda,2024-02-11,expect,loyal,\n"
        "Bob,2024-03-01,created,,\nBob,2024-03-02,expect,lead,\n"
    )
    check_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("customer,day,event,value\nAda,2024-01-01,bought,100\n")
    with pytest.raises(InputError, match=r"t.csv:2:1: there is no event 'bought'"):
        read_table(tmp_path / "t.csv")


def test_rules_that_are_not_installed_yet_can_be_tried(customer_table, tmp_path: Path) -> None:
    """The fixture takes a mapping and functions: a derived fact is tested before its package is built."""
    (tmp_path / "r.yaml").write_text(
        "model: two\nstages: [{key: new}, {key: shown}]\nrules:\n  - stage: shown\n"
        "    when: days_since_our_demo <= 30\n  - stage: new\n"
    )
    fact = DerivedFact("days_since_our_demo", "number", "demo_on", ("demo_on",), "since")
    mapping = Mapping(
        contact=Sources(extras=("demo_on",)),
        models=ModelChoice("two"),
        rules=(str(tmp_path / "r.yaml"),),
        derived_facts=(fact,),
    )
    customer = {"name": "Cleo", "created": "2024-01-01", "properties": {"demo_on": "2024-02-01"}}
    path = {"2024-01-01": "new", "2024-02-01": "shown", "2024-03-03": "new"}
    table = {"customers": [{**customer, "path": path, "expect": {"2024-02-05": {"next_stage": "new"}}}]}
    customer_table(table, mapping=mapping, functions={"demo_on": functions.demo_on})
    table["customers"][0]["expect"] = {"2024-02-05": "new"}
    with pytest.raises(AssertionError, match=r"Cleo\n  2024-02-05  stage: expected new, got shown"):
        customer_table(table, mapping=mapping, functions={"demo_on": functions.demo_on})
