"""The report: complete, self-contained, in three languages, and safe with any text in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html import escape
from html.parser import HTMLParser

import pytest

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.reading import account_lines, what_was_read
from plugin.lifecycle.records import Records
from plugin.lifecycle.report import report
from plugin.lifecycle.timeline import month_ends, stage_counts
from plugin.mapping.model import Language, Mapping, Sources
from tests.lifecycle.test_schemes import PATHS
from tests.lifecycle.worlds import MAPPING, MODELS, records_of, rhythm

PEOPLE = [person for person, _ in PATHS.values()]
DAY = date(2024, 9, 1)


class _Reader(HTMLParser):
    """Collects tags and attributes, and checks that every tag is closed."""

    VOID = ("meta", "rect", "polygon")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "onload")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("language", "words", "read"),
    [
        ("en", "Who is about to change", "What was read"),
        ("ru", "Кто скоро сменит этап", "Что прочитано"),
        ("pl", "Kto wkrótce zmieni etap", "Co wczytano"),
    ],
)
def test_the_report_is_a_closed_page_without_anything_from_outside(
    language: Language, words: str, read: str
) -> None:
    """At its end it tells what was read and what was left out, as the command line does."""
    mapping = replace(MAPPING, language=language, currency="EUR")
    hostile = {"id": 9_999, "createdate": "2024-01-01", "amount": "<b>", "hs_is_closed_won": "maybe"}
    records = replace(records_of(PEOPLE), deals=Records.from_rows(deals=[hostile]).deals)
    outcomes = evaluate(records, mapping, load_models(mapping), rhythm(3, 30.0), DAY)
    account = what_was_read(records, mapping, DAY, unread=outcomes.findings)
    page = report(outcomes, account)
    assert read in page
    assert [escape(line) in page for line in account_lines(account)] == [True] * len(account_lines(account))
    assert len(account["left_out"]) == 1
    reader = _Reader(page)
    assert reader.open == []
    assert reader.links == []
    assert not {"script", "iframe", "link", "img", "object"} & set(reader.tags)
    assert words in page
    assert "€" in page
    assert all(stage.label(language) in page for stage in MODELS.primary.stages)


def test_the_report_names_who_changes_next_and_why() -> None:
    page = report(evaluate(records_of(PEOPLE), MAPPING, MODELS, rhythm(3, 30.0), DAY))
    assert "7 Sep 2024" in page  # the regular buyer falls asleep
    assert "3 purchases, the last on 10 Mar 2024." in page


def test_text_from_the_crm_cannot_break_the_page() -> None:
    mapping = Mapping(
        contact=replace(Sources(), cancelled="gone", cancelled_on="gone_on", churn_reason="why")
    )
    person = {
        "id": 1,
        "createdate": "2024-01-01",
        "gone": "true",
        "gone_on": "2024-08-01",
        "why": "<script>x</script>",
    }
    deal = {
        "id": 1,
        "contact_ids": [1],
        "closedate": "2024-10-01",
        "hs_is_closed_won": "true",
        "createdate": "2024-07-01",
    }
    found = evaluate(
        Records.from_rows([person], deals=[deal]), mapping, load_models(mapping), Parameters(), DAY
    )
    page = report(found)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_empty_portal_has_a_report_too() -> None:
    page = report(evaluate(Records.empty(), Mapping(), load_models(Mapping()), Parameters(), DAY))
    assert _Reader(page).open == []


def test_stages_of_the_past_are_counted_as_they_were() -> None:
    found = evaluate(records_of(PEOPLE), MAPPING, MODELS, rhythm(3, 30.0), DAY)
    days = month_ends(DAY, 8)
    counts = stage_counts(found.engines, MODELS, days)
    assert [d.isoformat()[5:] for d in days[:4]] == ["01-31", "02-29", "03-31", "04-30"]
    assert days[-2:] == [date(2024, 8, 31), DAY]
    for i, row in enumerate(counts.rows(named=True)):
        frame = evaluate(records_of(PEOPLE), MAPPING, MODELS, rhythm(3, 30.0), days[i], dates=False).frame
        stood = dict(frame["stage"].value_counts().iter_rows())
        assert {k: v for k, v in row.items() if k != "day" and v} == stood
