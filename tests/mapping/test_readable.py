"""Of a mapping file with faults, what the portal says of the rest: at its place, and nothing guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.mapping.findings import Finding
from plugin.mapping.load import read_mapping
from plugin.mapping.portal_checks import portal_clashes
from plugin.mapping.positions import read_yaml
from plugin.mapping.readable import Readable, readable
from tests.mapping.test_portal_checks import FACTS, HEAD, NEVER, SALES

#: A file with faults of its own → what the portal says of the rest: (line, column, words).
BESIDE: list[tuple[str, list[tuple[int, int, str]]]] = [
    ("purchase: {pipelines: [Sales, [x], bogus], date: [1]}", [(2, 24, "'8421'"), (2, 36, "bogus")]),
    ("purchase: {pipelnes: ['8421'], won_stages: ['31']}", []),  # the pipelines are not known
    ("purchase: {pipelines: ['8421', [x]], won_stages: ['31', nowhere]}", [(2, 57, "no deal stage")]),
    ("purchase: {pipelines: ['8421'], amount: [B C, amont]}", [(2, 47, "Did you mean amount?")]),
    ("purchase: {dat: closdate, amount: amont}", [(2, 35, "Did you mean amount?")]),
    ("contact: {nps: {property: or_nps, type: numbr}}", [(2, 16, "Did you mean our_nps?")]),
    ("contact: {nps: {property: remark, type: numbr}}", []),  # how it is read is not known
    (
        "contact: {nps: remark, csat: or_nps, extras: [last_visit, B C, nosuch]}",
        [
            (2, 16, "remark is of type string"),
            (2, 30, "our_nps"),
            (2, 64, "no contact property nosuch"),
        ],
    ),
    ("contact: {nsp: our_nps, csat: or_nps}", [(2, 31, "our_nps")]),
    ("contcat: {nps: nosuch}\ncurrency: EUR", [(3, 11, "PLN")]),
    ("custmer: company\ncontact: {nps: or_nps}", [(3, 16, "our_nps")]),
    ("customer: compny\ncompany: {nps: nosuch}", [(3, 16, "no company property nosuch")]),
    ("customer: compny\noutputs: {clm_tier: clm_tier}", []),  # whose properties is not known
    ("outputs: {clm_tier: {nam: mine}}", []),
    ("outputs: {clm_tier: {name: clm_tier, wrte: true}}", [(2, 28, "not ours to write")]),
    ("contact: {nps: nosuch}\ncontact: {nps: nosuch}\npurchase: {amount: amont}", [(4, 20, "amount")]),
    ("models: {primary: [x]}\npurchase: {amount: amont}", [(3, 20, "amount")]),
]


def beside(read: Readable) -> list[Finding]:
    """What the portal says of what could be read."""
    pipelines = (SALES, replace(NEVER, won_deals=1))
    facts = replace(FACTS, pipelines=pipelines, properties={**FACTS.properties, "company": {}})
    return read.told(portal_clashes(read.mapping, facts, read.document.places))


@pytest.mark.parametrize(("text", "said"), BESIDE)
def test_of_a_file_with_faults_the_portal_says_what_holds_in_spite_of_them(
    text: str, said: list[tuple[int, int, str]]
) -> None:
    """Each at its own place, and nothing of parts that could not be read."""
    raw = f"version: 1\n{text}\n".encode()
    own = [one for one in read_mapping(raw)[1] if one.severity == "error"]
    read = readable(raw)
    assert own
    assert read is not None
    told = [one for one in beside(read) if one.line > 1]  # on line 1: what is odd about the shipped default
    assert [(one.line, one.column) for one in told] == [(line, column) for line, column, _ in said]
    assert all(words in f"{one.message} {one.cure}" for one, (_, _, words) in zip(told, said, strict=True)), (
        told
    )
    assert not {(one.line, one.column) for one in own} & {(one.line, one.column) for one in told}


def test_whether_a_pipeline_wins_is_not_said_where_its_stages_cannot_be_read() -> None:
    for stages, expected in (("'31'", 1), ("nowhere", 0), ("'31', [x]", 0)):
        read = readable(f"version: 1\npurchase: {{pipelines: ['8421'], won_stages: [{stages}]}}\n".encode())
        assert read is not None
        said = [one.message for one in beside(read)]
        assert sum("has no stage that counts as won" in one for one in said) == expected
        assert sum("no deal stage 'nowhere'" in one for one in said) == ("nowhere" in stages)


def test_what_is_taken_out_of_a_file_in_order_is_nothing() -> None:
    text = f"{HEAD}purchase: {{pipelines: ['8421']}}\n"
    read = readable(text.encode())
    assert read is not None
    assert read.mapping == read_mapping(text.encode())[0]
    assert (read.faults, read.document.places) == (frozenset(), read_yaml(text.encode()).places)
    assert readable(b"purchase: {pipelines: [a\n") is None
    assert readable(b"- a\n") is None
