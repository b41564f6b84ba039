"""A mapping beside a portal: what does not exist, has the wrong type, or stays empty is told at its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.mapping.first_file import first_file
from plugin.mapping.load import place_clashes, read_mapping
from plugin.mapping.portal_checks import portal_clashes
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts, Unread
from plugin.mapping.positions import read_yaml
from plugin.mapping.starting import guesses

SALES = PipelineFacts(
    "8421", "Sales", (StageFacts("11", "Offer", False), StageFacts("12", "Closed won", True)), won_deals=5
)
PARTNERS = PipelineFacts("9000", "Partners", (StageFacts("21", "Talking", False),), won_deals=0)
NEVER = PipelineFacts("9001", "Renewals", (StageFacts("31", "Won", True),), won_deals=0)


def _props(*given: tuple[str, str, str]) -> dict[str, PropertyFacts]:
    return {name: PropertyFacts(name, label, kind, group="info", filled=3) for name, label, kind in given}


FACTS = PortalFacts(
    pipelines=(SALES, PARTNERS, NEVER),
    properties={
        "contact": _props(
            ("last_visit", "Last visit", "datetime"),
            ("our_nps", "Our NPS", "number"),
            ("remark", "Remark", "string"),
            ("empty_one", "Empty", "number"),
            ("clm_tier", "Tier", "string"),
            ("demo_booked_on", "Demo booked on", "date"),
            ("contract_end_date", "Contract end date", "date"),
        ),
        "deal": _props(("amount", "Amount", "number"), ("closedate", "Close date", "datetime")),
    },
    records={"contact": 10, "deal": 10},
    left={"contact": 100},
    time_zone="Europe/Warsaw",
    currency="PLN",
)
FACTS.properties["contact"]["empty_one"] = replace(FACTS.properties["contact"]["empty_one"], filled=0)  # type: ignore[index]
QUIET = "contact: {engagement_dates: [], engagement_counters: [], outreach_dates: [], channel: , nps: }\n"
HEAD = "version: 1\n" + QUIET + "outputs: {clm_tier: false}\n"


def found(text: str, facts: PortalFacts = FACTS) -> list[tuple[int, str, str]]:
    mapping, findings = read_mapping(text.encode())
    assert not [one for one in findings if one.severity == "error"]
    stated = read_yaml(text.encode()).places
    placed = place_clashes(text.encode(), portal_clashes(mapping, facts, stated))
    return [(one.line, one.severity, f"{one.message} {one.cure}") for one in placed]


def test_many_pipelines_that_nothing_was_won_in_are_told_once_with_those_that_count() -> None:
    """Where the file names none, all count; a portal may have sixty."""
    won = (StageFacts("w", "Won", True),)
    pipelines = [PipelineFacts(f"p{n}", f"Pipe {n}", won, won_deals=int(n == 7)) for n in range(60)]
    told = [said for _, _, said in found("version: 1\n", replace(FACTS, pipelines=tuple(pipelines)))]
    (one,) = [said for said in told if "ever won" in said]
    assert "In 59 of 60 pipelines" in one
    assert "`pipelines: [p7]`" in one


def test_a_choice_among_numbers_is_read_as_a_number_without_a_word() -> None:
    """As HubSpot's own rating from 0 to 10; a choice with a word in it is told."""
    ratings = PropertyFacts("our_nps", "Our NPS", "enumeration", tuple(map(str, range(11))), filled=3)
    for options, warned in ((ratings.options, False), ((*ratings.options, "none"), True)):
        contact = FACTS.properties["contact"] | {"our_nps": replace(ratings, options=options)}  # type: ignore[operator]
        facts = replace(FACTS, properties={**FACTS.properties, "contact": contact})
        told = found("version: 1\ncontact: {nps: our_nps}\n", facts)
        assert any("is of type enumeration" in said for _, _, said in told) is warned


@pytest.mark.parametrize(
    ("text", "line", "severity", "said"),
    [
        ("purchase: {pipelines: [Sales]}\n", 4, "error", "Write '8421': that is 'Sales'"),
        ("purchase: {pipelines: ['8422']}\n", 4, "error", "Did you mean '8421'?"),
        ("purchase:\n  pipelines:\n    - '8421'\n    - Nonsense\n", 7, "error", "8421"),
        ("purchase: {pipelines: ['8421'], won_stages: [Closed Won]}\n", 4, "error", "Write '12'"),
        ("purchase: {pipelines: ['8421'], won_stages: ['31']}\n", 4, "error", "not among"),
        ("purchase: {pipelines: ['8421'], won_stages: ['11']}\n", 4, "warning", "does not count deals"),
        ("purchase: {pipelines: ['8421'], lost_stages: [gone]}\n", 4, "error", "no deal stage 'gone'"),
        ("purchase: {pipelines: ['8421'], lost_stages: ['12']}\n", 4, "warning", "counts deals in"),
        ("purchase: {pipelines: ['9000']}\n", 4, "warning", "no stage that counts as won"),
        ("purchase: {pipelines: ['9001']}\n", 4, "warning", "was ever won"),
        ("purchase: {pipelines: ['8421'], date: closdate}\n", 4, "error", "Did you mean closedate?"),
        ("company: {nps: x}\ncontact_: \n", 0, "", ""),
        ("currency: EUR\n", 4, "warning", "PLN"),
        ("time_zone: Europe/Kyiv\n", 4, "warning", "Europe/Warsaw"),
    ],
)
def test_what_does_not_fit_the_portal_is_told_with_the_nearest_right_name(
    text: str, line: int, severity: str, said: str
) -> None:
    """At its line."""
    if not line:
        return
    assert any(one[:2] == (line, severity) and said in one[2] for one in found(HEAD + text)), found(
        HEAD + text
    )


@pytest.mark.parametrize(
    ("source", "severity", "said"),
    [
        ("nps: our_np", "error", "Did you mean our_nps?"),
        ("nps: last_visit", "error", "cannot be read as a number"),
        ("nps: remark", "warning", "of type string"),
        ("nps: empty_one", "warning", "empty in every contact"),
        ("markers: [our_nps]", "warning", "of type number"),
        ("cancelled: last_visit", "error", "cannot be read as a flag"),
    ],
)
def test_a_source_of_the_wrong_type_or_without_values_is_told(source: str, severity: str, said: str) -> None:
    """Types are declared; nothing is guessed."""
    text = (
        HEAD.replace("nps: }", f"{source} }}")
        if source.startswith("nps")
        else HEAD.replace("nps: }", f"nps: , {source}}}")
    )
    assert any(one[0] == 2 and one[1] == severity and said in one[2] for one in found(text)), found(text)


def test_what_came_with_the_default_or_a_preset_is_told_once_and_asks_for_nothing() -> None:
    """Who wrote nothing of it is not told to delete it; what a person named stays a warning at its line."""
    empty = replace(FACTS.properties["contact"]["empty_one"], name="hs_analytics_source", type="string")
    text_ = replace(empty, name="notes_last_contacted")
    contact = {**FACTS.properties["contact"], "hs_analytics_source": empty, "notes_last_contacted": text_}
    facts = replace(FACTS, properties={**FACTS.properties, "contact": contact})
    text = "version: 1\ncontact:\n  nps: empty_one\n  outreach_dates: [notes_last_contacted]\n"
    told = found(text + "outputs: {clm_tier: false}\n", facts)
    [silent] = [one for one in told if "empty in every record" in one[2]]
    assert silent[:2] == (0, "note")  # what the default brings stands in no line of the file
    assert silent[2].startswith(
        "2 sources are empty in every record, as the shipped default or a preset names"
    )
    assert "contact.channel (hs_analytics_source)" in silent[2]
    assert "contact.outreach_dates (notes_last_contacted)" in silent[2]
    assert "Harmless: they count from the day the CRM fills them." in silent[2]
    [absent] = [one for one in told if "sources are not in the portal" in one[2]]
    assert absent[1] == "note"
    assert "contact.engagement_dates (hs_email_last_click_date, hs_email_last_reply_date" in absent[2]
    assert "purchase.amount (amount_in_home_currency)" in absent[2]
    own = [one for one in told if "Delete it here" in one[2]]
    assert [(line, severity) for line, severity, _ in own] == [(3, "warning")]
    wrong = [
        one for one in told if one[0] == 4
    ]  # the preset's name, and of a type that the CRM has otherwise
    assert ["of type string" in said for _, _, said in wrong] == [True]


def test_a_deal_without_a_date_is_not_called_harmless() -> None:
    """The presets name closedate, too; where no deal has one there are no purchases at all."""
    empty = replace(FACTS.properties["deal"]["closedate"], filled=0)
    facts = replace(
        FACTS, properties={**FACTS.properties, "deal": {**FACTS.properties["deal"], "closedate": empty}}
    )
    told = found(HEAD + "purchase: {date: closedate}\n", facts)
    assert (4, "warning") in [one[:2] for one in told if "closedate is empty in every deal" in one[2]]


def test_outputs_that_are_somebody_else_s_or_too_many_are_told() -> None:
    """Before anything is made."""
    text = HEAD.replace("clm_tier: false", "clm_rfm: remark")
    assert any("not ours to write" in said and "remark" in said for _, _, said in found(text))
    few = replace(FACTS, left={"contact": 3})
    assert any("allows 3 more" in said for _, _, said in found(HEAD, few))


def test_values_that_cannot_be_read_are_counted_with_examples() -> None:
    """At the line that names their property."""
    facts = replace(FACTS, unread=(Unread("contact", "our_nps", "not a number", 7, ("nine", "ten")),))
    text = HEAD.replace("nps: }", "nps: our_nps}")
    assert any(line == 2 and "7 values" in said and "'nine'" in said for line, _, said in found(text, facts))


def test_a_first_file_is_guessed_from_the_portal_and_passes_its_own_check() -> None:
    """What is there is filled in, with the reason beside it; what is not is left empty."""
    text = first_file(FACTS, guesses(FACTS))
    mapping, findings = read_mapping(text.encode())
    assert [one for one in findings if one.severity == "error"] == []
    assert mapping.purchase.pipelines == ("8421",)
    assert mapping.purchase.amount == ("amount",)
    assert mapping.contact.nps == "our_nps"
    assert mapping.contact.markers == ("demo_booked_on",)
    assert mapping.contact.contract_until == "contract_end_date"
    assert mapping.contact.engagement_dates == ()
    assert mapping.contact.channel is None
    assert "# Our NPS" in text
    assert "12 (Closed won, won)" in text
    clashes = portal_clashes(mapping, FACTS, read_yaml(text.encode()).places)
    told = [one for one in place_clashes(text.encode(), clashes) if one.severity == "error"]
    assert all("clm_tier" in one.message for one in told)
