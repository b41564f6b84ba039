"""What was read and what was left out: told with number, money, examples and cure, for files and portals."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

import pytest

from plugin.lifecycle.reading import account_lines, what_was_read
from plugin.lifecycle.reading_lines import reason
from plugin.lifecycle.records import Records
from plugin.mapping import presets
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Language, Mapping, Purchase
from tests.presets import worlds

DAY = date(2026, 6, 30)


def won(
    key: int, who: tuple[int, ...] = (1,), when: str = "2026-02-01", amount: Any = 100, **more: Any
) -> dict[str, Any]:
    """A won deal of contacts."""
    return {
        "id": key,
        "contact_ids": list(who),
        "createdate": "2026-01-10",
        "closedate": when,
        "amount": amount,
        "hs_is_closed": True,
        "hs_is_closed_won": True,
        **more,
    }


def account(*deals: dict[str, Any], mapping: Mapping = Mapping()) -> dict[str, Any]:  # noqa: B008
    """What was read of one contact and these deals."""
    records = Records.from_rows([{"id": 1, "createdate": "2026-01-01"}], deals=deals)
    return what_was_read(records, mapping, DAY, currency="EUR")


def rows(found: dict[str, Any]) -> dict[str, tuple[int, float, list[int]]]:
    """What was left out: deals, money, examples."""
    return {one["what"]: (one["deals"], one["revenue"], one["examples"]) for one in found["left_out"]}


def test_every_deal_that_does_not_count_is_told_with_its_reason() -> None:
    found = account(
        won(1),
        won(2, who=(), amount=40),
        won(3, who=(), amount="", hs_is_closed=False, hs_is_closed_won=False),
        won(4, who=(77,), amount=30),
        won(5, when="", amount=20),
        won(6, amount=""),
        won(7, amount=500, deal_currency_code="USD"),
        won(8, when="2026-07-04", amount=10),
        won(9, hs_is_closed_won=False),
    )
    assert found["read"] == {
        **{"contacts": 1, "companies": 0, "deals": 9},
        **{"won": 7, "open": 1, "lost": 1, "other": 0},
    }
    assert rows(found) == {
        "no_customer": (2, 40.0, [2, 3]),
        "unknown_customer": (1, 30.0, [4]),
        "no_date": (1, 20.0, [5]),
        "no_amount": (1, 0.0, [6]),
        "no_rate": (1, 0.0, [7]),
        "later": (1, 10.0, [8]),
    }
    assert found["revenue"] == {"total": 200.0, "counted": 100.0, "share_left_out": 0.5, "currency": "EUR"}
    assert all(one["cure"] and one["text"] for one in found["left_out"])


def test_what_counts_adds_up_to_the_customers_own_revenue() -> None:
    """A refund corrects both sides; a sale in a pipeline that is not mapped is none."""
    mapping = Mapping(purchase=Purchase(pipelines=("shop",)))
    deals = [won(1, pipeline="shop"), won(2, pipeline="shop", amount=-30), won(3, pipeline="elsewhere")]
    found = account(*deals, mapping=mapping)
    assert (found["read"]["won"], found["read"]["other"], found["left_out"]) == (2, 1, [])
    assert found["revenue"] == {"total": 70.0, "counted": 70.0, "share_left_out": 0.0, "currency": "EUR"}


def test_opportunities_without_an_account_are_counted_out_loud() -> None:
    mapping, _ = read_mapping(presets.text("b2b").encode())
    business = worlds.b2b()
    found = what_was_read(business.records, mapping, business.day, currency="USD")
    [nobody] = [one for one in found["left_out"] if one["what"] == "no_customer"]
    assert (nobody["customer"], nobody["deals"], nobody["open"], nobody["won"]) == ("company", 18, 18, 0)
    assert found["revenue"]["share_left_out"] == 0.0
    first, told, *_ = account_lines(found)
    assert first.startswith("Read: 7 contacts, 7 companies, 81 deals (30 won, 36 open, 15 lost); ")
    assert first.endswith(" USD won, all of it counted as revenue of customers.")
    assert told.startswith("Left out: 18 deals belong to no company (18 open), e.g. ")
    assert told.endswith("Associate each with its company in HubSpot; in a file company_ids says it.")


def test_one_is_not_told_as_many() -> None:
    lines = account_lines(account(won(1, who=(), amount=99.5), won(2)))
    assert lines[0] == (
        "Read: 1 contact, 2 deals (2 won); 199.50 EUR won, 50.1% of it counted as revenue of customers."
    )
    assert lines[1].startswith("Left out: 1 deal belongs to no contact (1 won, 99.50 EUR), e.g. 1. ")


def test_nearly_all_is_not_told_as_all_and_nearly_nothing_not_as_nothing() -> None:
    def counted(*deals: dict[str, Any]) -> str:
        return account_lines(account(*deals))[0].partition(" won, ")[2]

    assert counted(won(1, amount=1_000_000), won(2, who=(), amount=1)).startswith("99.9% of it")
    assert counted(won(1, amount=1), won(2, who=(), amount=1_000_000)).startswith("0.1% of it")
    assert counted(won(1, who=(), amount=5)) == "none of it counted as revenue of customers."


#: (language, deals) → what they are called when they are read, and when nobody owns them.
PLURALS = {
    ("en", 1): ("1 deal (1 won)", "1 deal belongs to no contact"),
    ("en", 2): ("2 deals (2 won)", "2 deals belong to no contact"),
    ("ru", 1): ("1 сделка (1 выиграна)", "1 сделка не связана ни с одним контактом"),
    ("ru", 3): ("3 сделки (3 выиграны)", "3 сделки не связаны ни с одним контактом"),
    ("ru", 5): ("5 сделок (5 выиграно)", "5 сделок не связано ни с одним контактом"),
    ("ru", 21): ("21 сделка (21 выиграна)", "21 сделка не связана ни с одним контактом"),
    ("pl", 1): ("1 transakcję (1 wygrana)", "1 transakcja nie jest powiązana z żadnym kontaktem"),
    ("pl", 3): ("3 transakcje (3 wygrane)", "3 transakcje nie są powiązane z żadnym kontaktem"),
    ("pl", 5): ("5 transakcji (5 wygranych)", "5 transakcji nie jest powiązanych z żadnym kontaktem"),
}


@pytest.mark.parametrize(("language", "number"), PLURALS)
def test_the_account_is_told_in_the_mappings_language_with_the_right_forms(
    language: Language, number: int
) -> None:
    deals = [won(i, who=()) for i in range(1, number + 1)]
    lines = account_lines(account(*deals, mapping=Mapping(language=language)))
    assert [said in line for said, line in zip(PLURALS[language, number], lines, strict=True)] == [True, True]


@pytest.mark.parametrize("language", get_args(Language))
def test_every_reason_has_its_words_in_every_language(language: Language) -> None:
    """No blank is left open, and nothing of another language stands in it."""
    both = Mapping(customer="both", language=language)
    deals = [won(1, who=()), won(2, who=(77,), company_ids=[8]), won(3, when=""), won(4, amount="")]
    deals += [won(5, amount=500, deal_currency_code="USD"), won(6, when="2026-07-04")]
    said = ("not a date", "not a yes or no", "not one of the declared values", "not a number written 1.234,5")
    blank = {"object": "deal", "property": "x", "count": 2, "examples": []}
    unread = [{**blank, "problem": one} for one in said]
    found = account(*deals, mapping=both)
    lines = account_lines({**found, "unread": unread})
    assert len(found["left_out"]) == 8
    assert len(lines) == 13
    for line in lines:
        assert "{" not in line
        assert bool(re.search("[а-яё]", line)) == (language == "ru")
        assert language == "en" or not re.search(r"\b(deals|won|not a|without|written|or)\b", line), line


def test_the_same_account_can_be_told_in_another_language_than_it_was_made_in() -> None:
    """As where the mapping's language changed since."""
    english, polish = (account(won(1, who=()), mapping=Mapping(language=one)) for one in ("en", "pl"))  # type: ignore[arg-type]
    assert account_lines(english, "pl") == account_lines(polish)
    earlier = {k: v for k, v in english.items() if k not in ("language", "locale", "names")}
    assert account_lines(earlier) == account_lines(english)


def test_values_that_cannot_be_read_stand_in_the_same_account() -> None:
    unread = [
        {"object": "deal", "property": "amount", "problem": "not a number", "count": 2, "examples": ["12,5"]}
    ]
    found = what_was_read(Records.empty(), Mapping(), DAY, unread=unread)
    assert found["revenue"]["share_left_out"] == 0.0
    assert account_lines(found) == [
        "Read: 0 deals.",
        "Taken as unknown: 2 × deal.amount: not a number ('12,5'). Write it as 1234.5, or declare under "
        'purchase how it is written (type: number, decimal: ",", thousands: ".").',
    ]


@pytest.mark.parametrize(
    ("row", "cure"),
    [
        (("contact", "createdate", "not a date"), "or declare under contact.extras how"),
        (("deal", "createdate", "not a date"), "Write it as 2026-01-31; no key declares it."),
        (("deal", "closedate", "not a date"), "or declare under purchase how"),
        (("company", "ends", "not a date"), "or declare under company how"),
        (("deal", "hs_deal_stage_probability", "not a number"), "not a number."),
        (("contact", "ends", "not a date written DD.MM.YYYY"), "not a date written DD.MM.YYYY."),
    ],
)
def test_values_that_cannot_be_read_come_with_a_cure(row: tuple[str, str, str], cure: str) -> None:
    """That which the mapping can do about it; a declared one has its writing in the problem."""
    one = dict(zip(("object", "property", "problem"), row, strict=True), count=1, examples=())
    line = account_lines(what_was_read(Records.empty(), Mapping(), DAY, unread=[one]))[1]
    assert line.endswith(cure) if cure.endswith(".") else cure in line


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Name the account's own"), ("pl", "Podaj walutę"), ("ru", "Укажите валюту")]
)
def test_of_an_account_without_a_currency_it_is_asked(language: str, said: str) -> None:
    """Which currency is the account's own cannot be told from deals of several."""
    found = {"what": "no_rate", "customer": None, "deals": 2}
    told = reason(found, {"language": language, "locale": language, "revenue": {"currency": None}})
    assert said in told["cure"]
    assert "None" not in told["text"]
