"""What was read and what was left out: told with number, money, examples and cure, for files and portals."""

from __future__ import annotations

from datetime import date
from typing import Any

from plugin.lifecycle.reading import account_lines, what_was_read
from plugin.lifecycle.records import Records
from plugin.mapping import presets
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping, Purchase
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
        "Read: 1 contact, 2 deals (2 won); 199.50 EUR won, 50.1% of it counted as revenue of customers "
        "(what is left out is told below)."
    )
    assert lines[1].startswith("Left out: 1 deal belongs to no contact (1 won, 99.50 EUR), e.g. 1. ")


def test_values_that_cannot_be_read_stand_in_the_same_account() -> None:
    unread = [
        {"object": "deal", "property": "amount", "problem": "not a number", "count": 2, "examples": ["12,5"]}
    ]
    found = what_was_read(Records.empty(), Mapping(), DAY, unread=unread)
    assert found["revenue"]["share_left_out"] == 0.0
    assert account_lines(found) == [
        "Read: 0 deals (none); 0.00 won.",
        "Taken as unknown: 2 × deal.amount: not a number ('12,5').",
    ]
