"""The reference names what the code has, and nothing else."""

from __future__ import annotations

import re

from plugin.lifecycle.catalogue import FACTS
from plugin.mapping.model import DEFAULT_THRESHOLDS, OUTPUT_NAMES
from plugin.settings import NAMES
from tests.docs import make_reference


def test_the_page_is_what_the_code_says() -> None:
    """Run `make reference` after a change of names, meanings, defaults, commands or codes."""
    assert make_reference.PAGE.read_text(encoding="utf-8") == make_reference.reference()


def test_every_kind_of_name_is_on_the_page_in_its_section() -> None:
    """The writer itself is not trusted: what is known otherwise is looked for."""
    page = make_reference.PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    named = {
        title: set(re.findall(r"^\| `([^`]+)`", body, re.MULTILINE))
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert named["Facts"] == set(FACTS)
    assert named["Thresholds"] == set(DEFAULT_THRESHOLDS)
    assert named["Outputs"] == {*OUTPUT_NAMES, "clm_stage_NAME"}
    assert named["Settings"] == set(NAMES)
    assert {"sleeping", "lost", "buyer", "reactivated"} < named["Conditions"]
    assert {"lifecycle config check", "lifecycle evaluate", "lifecycle parked retry"} < named["Commands"]
    assert {"config", "rules", "derived_fact", "crm_auth", "evaluate_failed"} < named["Error codes"]
    assert {"too_few_customers", "refund_alone", "negative", "not a date"} < named["Findings"]
    assert {"contact.nps", "purchase.won_stages", "derived_facts[].moves"} < named["The mapping file"]


def test_no_row_is_without_a_meaning() -> None:
    """A name alone helps nobody."""
    page = make_reference.PAGE.read_text(encoding="utf-8")
    facts = page.partition("## Facts")[2].partition("## Conditions")[0]
    assert not re.findall(r"^\| `[^|]*\|.*\| – \|$", facts, re.MULTILINE)
    assert not re.findall(r"^\| `[^`]+` \|[^|]*\| – \|$", page.partition("## Commands")[0], re.MULTILINE)
