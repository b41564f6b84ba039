"""What the portfolio's tables say, leave out and explain: the same on terminals and on pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from plugin.portfolio import grids, way_grids
from plugin.portfolio.answers import Source, Wanted, cohorts_answer, funnel_answer, metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.figures import Figures
from plugin.portfolio.grids import Grid
from plugin.portfolio.markup import label
from plugin.portfolio.page import page
from plugin.portfolio.spend import Spend
from plugin.web import admin
from tests.portfolio.small import MAPPING, OWN_CHANNELS, buyer, forty, source
from tests.portfolio.test_kept import spring
from tests.portfolio.test_reads_well import shown

NO_SPEND = "No spend is known: import it with `lifecycle report spend import`"


def rows(grid: Grid) -> dict[str, tuple[str, ...]]:
    """A table's cells by the names of its rows."""
    return {row[0]: row[1:] for row in grid.rows}


def answers(where: Source, **asked: Any) -> dict[str, Any]:
    return {
        "metrics": metrics_answer(where, Asked(**asked)),
        "funnel": funnel_answer(where, Asked(**asked)),
        "cohorts": cohorts_answer(where, Asked(**asked)),
        "account": None,
    }


def test_a_figure_to_date_names_the_period_that_it_is_of() -> None:
    """Where a period was asked for, the title has it already."""
    for asked, wanted in (({}, "Retention, 2026-Q3"), ({"period": "2026-Q2"}, "Retention")):
        metrics = metrics_answer(source(spring()), Asked(**asked))
        (one,) = [label(one, metrics) for one in metrics["metrics"] if one["key"] == "retention_rate"]
        assert one == wanted


def test_who_stayed_has_its_periods_side_by_side_and_leaves_out_those_that_nobody_began() -> None:
    """One line says which, and why."""
    grid = grids.kept(metrics_answer(source(spring()), Asked()))
    assert grid.head == ("", "2026-Q3", "2026-10")
    assert rows(grid)["Customers at the start (S)"] == ("36", "36")
    assert rows(grid)["The period before"] == ("2026-Q2", "2026-09")
    assert grid.after[-1].startswith("2025 is left out: nobody was a customer at the start")
    nothing = grids.kept(metrics_answer(source(spring()), Asked(period="2026-01")))
    assert (nothing.rows, nothing.after[0][:19]) == ((), "2026-01 is left out")


def test_the_funnel_says_who_was_in_a_stage_and_who_went_straight_past_it() -> None:
    """Nobody of forty had an engagement on record: all came beyond it, none was in it."""
    answer = funnel_answer(source(forty()), Asked())
    found = {one["stage"]: (one["reached"], one["stood"], one["passed"]) for one in answer["stages"]}
    assert (found["lead"], found["engaged"]) == ((40, 0, 40), (40, 0, 40))
    assert (found["evaluating"], found["new_customer"]) == ((40, 40, 0), (40, 40, 0))
    grid = way_grids.funnel(answer)
    assert grid.head[1:4] == ("Came this far", "Of these were in it", "Went straight past it")
    assert rows(grid)["New customer"] == ("40", "40", "0", "100%", "62 days")
    assert "Where all stand now: Sleeping 40." in grid.after


def test_what_was_added_up_before_stages_were_told_apart_is_not_shown_as_nothing() -> None:
    """Neither 0 nor 40, but how to add it up."""
    where = source(forty())

    def before(wanted: Wanted) -> dict[str, Figures]:
        found = where.read(wanted)
        return {scope: Figures(_unmarked(one), one.timings) for scope, one in found.items()}

    answer = funnel_answer(replace(where, read=before), Asked())
    assert {(one["reached"], one["stood"], one["passed"]) for one in answer["stages"][:4]} == {
        (40, None, None)
    }
    grid = way_grids.funnel(answer)
    assert grid.head[1:3] == ("Came this far", "Of the stage before")
    assert any("`lifecycle report --rebuild`" in one for one in grid.after)


def _unmarked(figures: Figures) -> dict[tuple[str, str], dict[tuple[int, int], int]]:
    return {
        key: {(month, 0): value for (month, _), value in found.items()}
        if key[0] == "reached"
        else dict(found)
        for key, found in figures.cells.items()
    }


def test_reasons_of_loss_hold_only_what_was_lost_and_say_what_a_dash_is() -> None:
    """Three deals of no amount, no customer; then nothing at all."""
    metrics = metrics_answer(source(forty(), lost=3), Asked())
    found = grids.losses(metrics)
    assert found.head == ("Reason", "Deals lost", "Amount of these deals")
    assert (found.rows, found.after) == ((("Price", "3", "€21"),), ("No customer was lost.",))
    for one in metrics["loss_reasons"]:
        one["deal_amount"] = 0.0
    unknown = grids.losses(metrics)
    assert unknown.rows == (("Price", "3", "–"),)
    assert unknown.after[-1] == "–: no amount is entered on them, or it is 0."
    nobody = grids.losses(metrics_answer(source(forty()), Asked()))
    assert (nobody.rows, nobody.after) == ((), ("No customer and no deal was lost.",))


def test_what_no_channel_has_is_a_sentence_and_no_column() -> None:
    """With the cure; with spend there are columns, and it is said how spend and customers are matched."""
    none = grids.channels(metrics_answer(source(forty()), Asked()))
    assert none is not None
    assert none.head == ("Channel", "Customers won", "Value so far")
    assert any(one.startswith(f"CAC, CLV : CAC, Payback: {NO_SPEND}") for one in none.after)
    spent = grids.channels(metrics_answer(source(forty(), Spend({(674, "PAID_SEARCH"): 80_000})), Asked()))
    assert spent is not None
    assert spent.head[2:4] == ("Spend", "CAC")
    assert rows(spent)["PAID_SEARCH"][1:3] == ("€800", "€20")
    assert "62 days (median), taken as 2 months" in spent.after[0]
    assert grids.channels(metrics_answer(source(forty()), Asked(channel="PAID_SEARCH"))) is None


def months_of_buyers(monthly: Sequence[int]) -> list[dict[str, Any]]:
    """So many who buy first in each month from January 2025."""
    days = [(f"{2025 + at // 12}-{at % 12 + 1:02}-05", size) for at, size in enumerate(monthly)]
    bought = [day for day, size in days for _ in range(size)]
    return [buyer(i, day, [day]) for i, day in enumerate(bought, start=1)]


def test_cohorts_fill_the_terminal_and_say_what_is_not_shown_and_what_a_dash_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty in the first and fourth month, two in between; 22 months are over."""
    found = answers(source(months_of_buyers([20, 2, 2, 20])))
    narrow, wide = (shown(found, monkeypatch, width) for width in (80, 120))
    assert "Not shown: months 15 to 21." in narrow
    assert "months 15 to 21" not in wide
    line = next(one for one in narrow.splitlines() if one.startswith("2025-02"))
    assert line.split() == ["2025-02", "2", "–"]
    assert "–: fewer than 20 customers in the cohort, too few for a share." in narrow
    few = answers(source(months_of_buyers([2, 2])))
    assert "No cohort has 20 customers yet" in shown(few, monkeypatch)


def test_the_terminal_tells_why_a_figure_is_withheld_and_what_it_is_only_if_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reason that holds for neighbours stands once; nobody to win back is said, not a division."""
    found = answers(source(forty()[:35]), period="2026-05")
    plain, explained = (shown(found, monkeypatch, 200, explain=e) for e in (False, True))
    assert plain.count(NO_SPEND) == 2  # among the figures, and of the channels
    assert "Nobody was sleeping or lost, so there was nobody to win back." in plain
    assert "divide by" not in plain
    assert "Cost of winning a customer" not in plain
    assert "Cost of winning a customer" in explained
    assert "lifecycle report --explain" in plain


def test_the_page_says_the_same_as_the_terminal() -> None:
    """Every cell and sentence of the tables; each reason in words, none that has to be pointed at."""
    found = answers(source(forty(), Spend({(674, "PAID_SEARCH"): 80_000}), lost=2))
    metrics = found["metrics"]
    made = page(metrics, found["funnel"], found["cohorts"])
    text = unescape(made).replace("<code>", "`").replace("</code>", "`")
    channels = grids.channels(metrics)
    assert channels is not None
    for grid in (grids.kept(metrics), way_grids.funnel(found["funnel"]), channels, grids.losses(metrics)):
        said = [
            grid.title,
            *grid.head,
            *(cell for row in grid.rows for cell in row),
            *grid.before,
            *grid.after,
        ]
        assert all(one in text for one in said), grid.title
    for one in metrics["metrics"]:
        assert not one["reason"] or one["reason"] in text
        assert one["definition"] in text
    assert "too_few" not in made
    assert "<abbr" not in made
    assert ">n<" not in made


def test_what_a_channel_is_called_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as colours of the terminal nor cut off, however wide its letters are."""
    wide = "秋の見本市" * 5
    for name, pieces in (
        ("[red]Autumn fair[/red]", ["[red]Autumn fair[/red]"]),
        (wide, [wide[:15], wide[15:]]),
    ):
        people = [one | {"came_from": name} for one in forty()]
        text = shown(answers(source(people, mapping=OWN_CHANNELS)), monkeypatch)
        assert all(piece in text for piece in pieces), name
        assert "…" not in text


@pytest.mark.parametrize("language", ["en", "ru", "pl"])
def test_a_portal_without_customers_is_told_in_words(language: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody bought; nobody is on record at all."""
    mapping = replace(MAPPING, language=language, currency=None)
    for people in ([], [buyer(1, "2026-05-01", [])]):
        found = answers(source(people, mapping=mapping))
        text = shown(found, monkeypatch)
        assert max(map(len, text.splitlines())) <= 80
        assert "`currency`" in text
        assert page(found["metrics"], found["funnel"], found["cohorts"]).count("<section>") >= 7


def test_profit_that_nothing_is_taken_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where a margin is mapped."""
    assert "Profit equals revenue here" in shown(answers(source(forty())), monkeypatch)
    half = replace(MAPPING, purchase=replace(MAPPING.purchase, margin_share=0.5))
    assert "Profit equals revenue" not in shown(answers(source(forty(), mapping=half)), monkeypatch)


def test_the_admins_looks_draw_the_columns_that_the_page_draws() -> None:
    """Each class has its rule under .portfolio, and no other rule of the admin's pages meets it."""
    found = answers(source(forty(), Spend({(674, "PAID_SEARCH"): 80_000})))
    made = page(found["metrics"], found["funnel"], found["cohorts"]).partition("<main>")[2]
    used = {name for names in re.findall(r'class="([^"]+)"', made) for name in names.split()}
    looks = (Path(admin.__file__).parent / "static" / "admin.css").read_text(encoding="utf-8")
    rules = [rule for rules in re.findall(r"([^{}]+)\{", looks) for rule in rules.split(",")]
    assert used >= {"column", "running", "meter", "heat", "figures"}
    for name in used - {"sub", "scroll"}:  # the page's own subtitle; tables scroll alike everywhere
        met = [rule.strip() for rule in rules if re.search(rf"\.{name}(?![\w-])", rule)]
        assert met, name
        assert all(rule.startswith(".portfolio ") for rule in met), (name, met)
