"""A preset written for a portal: what is missing or empty there is commented out, nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.mapping import presets
from plugin.mapping.clash import named_properties
from plugin.mapping.fitting import fitted
from plugin.mapping.load import read_mapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts

PIPELINE = PipelineFacts("8421", "Sales", (StageFacts("12", "Closed won", True),))


def portal(preset: str, filled: int, *without: str) -> PortalFacts:
    """A portal that has every property of the preset, but those named; so many records fill each."""
    found: dict[str, dict[str, PropertyFacts]] = {}
    for one in named_properties(read_mapping(presets.text(preset).encode())[0]):
        if one.name not in without:
            found.setdefault(one.object_type, {})[one.name] = PropertyFacts(
                one.name, "", "string", filled=filled
            )
    records = dict.fromkeys(("contact", "company", "deal"), 7)
    return PortalFacts(pipelines=(PIPELINE,), properties=found, records=records)


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_in_a_portal_that_has_everything_only_gets_the_pipelines(name: str) -> None:
    made = fitted(presets.text(name), portal(name, 3))
    assert made.left_out == ()
    assert made.text.endswith(presets.text(name))
    assert "#   8421 (Sales): 12 (Closed won, won)" in made.text


@pytest.mark.parametrize("name", presets.names())
def test_what_is_empty_is_commented_out_and_the_file_stays_in_order(name: str) -> None:
    """Nothing of it is read any more, not even by the shipped default; every line is still there."""
    made = fitted(presets.text(name), portal(name, 0))
    mapping, findings = read_mapping(made.text.encode())
    assert [one for one in findings if one.severity == "error"] == []
    before = read_mapping(presets.text(name).encode())[0]
    kind = mapping.customer_objects()[0]
    gone = {part.strip(" )") for one in made.left_out for part in one.partition("(")[2].split(",")}
    assert gone
    assert not gone & set(vars(mapping.sources(kind))["outreach_dates"])
    assert replace(mapping, contact=before.contact, company=before.company, readings={}) == replace(
        before, readings={}
    )
    for line in presets.text(name).splitlines():
        assert line.strip().partition("  #")[0].partition(": ")[2] in made.text


def test_of_a_list_the_rest_is_kept() -> None:
    made = fitted(presets.text("b2b"), portal("b2b", 3, "notes_last_contacted"))
    assert made.left_out == ("company.outreach_dates (notes_last_contacted)",)
    assert "    # - notes_last_contacted  # the portal has no such property\n" in made.text
    assert read_mapping(made.text.encode())[0].company.outreach_dates == ("hs_last_sales_activity_timestamp",)
    none = fitted(presets.text("b2b"), portal("b2b", 0))
    assert read_mapping(none.text.encode())[0].company.outreach_dates == ()
    assert "  outreach_dates: [] " in none.text  # an empty value would look forgotten
