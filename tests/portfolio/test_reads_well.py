"""The portfolio as people read it: whole at eighty columns, every figure with its unit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import pytest

from plugin.cli.report_text import report_text
from plugin.jobs.figures import of_outcomes
from plugin.jobs.meaning import evaluate, fit
from plugin.lifecycle.models import load_models
from plugin.lifecycle.reading import what_was_read
from plugin.lifecycle.reasons import FORMS
from plugin.mapping import presets
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Language, Mapping
from plugin.portfolio.answers import Source, cohorts_answer, funnel_answer, metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.months import month_of
from plugin.portfolio.shown import Shown
from plugin.portfolio.spend import Spend
from plugin.portfolio.texts import TEXTS, words
from plugin.portfolio.units import GROUPS
from plugin.sandbox.loaders import cdnow
from tests.presets import worlds

LANGUAGES = cast("list[Language]", sorted(FORMS))


@pytest.fixture(scope="module")
def portals() -> dict[str, tuple[Source, dict[str, Any]]]:
    """(figures, account) of a shop with predictions, spend, losses and long cohorts; of seven companies."""
    shop = worlds.from_world(cdnow(worlds.END, limit=500))
    b2b, _ = read_mapping(presets.text("b2b").encode())
    seven = worlds.b2b()
    found = {}
    for name, records, mapping, day in (
        ("shop", shop, Mapping(currency="USD"), worlds.END),
        ("b2b", seven.records, replace(b2b, currency="EUR"), seven.day),
    ):
        result = evaluate(records, mapping, load_models(mapping), fit(records, mapping, day), day)
        spend = Spend({(month_of(day) - age, "PAID_SEARCH"): 150_000 for age in range(24)})
        account = what_was_read(records, mapping, day, currency=mapping.currency)
        found[name] = (of_outcomes(result, spend), account)
    return found


def answers(where: Source, language: Language = "en", **asked: Any) -> dict[str, Any]:
    """The three answers in a language."""
    where = replace(where, mapping=replace(where.mapping, language=language))
    return {
        "metrics": metrics_answer(where, Asked(**asked)),
        "funnel": funnel_answer(where, Asked(**asked)),
        "cohorts": cohorts_answer(where, Asked(**asked)),
        "account": None,
    }


def shown(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch, width: int = 80, **more: Any) -> str:
    """The report on a terminal of that width."""
    monkeypatch.setenv("COLUMNS", str(width))
    return report_text(found, **more)


def tokens(text: str) -> set[str]:
    """What stands between plain blanks, but rules and the numbers of months."""
    return {one for one in text.replace("\n", " ").split(" ") if not re.fullmatch(r"─+|\d+\.?", one)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["shop", "b2b"])
def test_no_line_is_wider_than_the_terminal_and_no_word_or_number_is_broken(
    portals: dict[str, Any], name: str, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word is one that a terminal shows which is so wide that nothing has to go to the next line."""
    found = answers(portals[name][0], language) | {"account": portals[name][1]}
    wide = shown(found, monkeypatch, 1000, explain=True)
    said = words(language)
    known = tokens(wide) | tokens(f"{said['cohorts_ages']} {said['explain']}")
    for width in (40, 80, 100):
        for explain in (False, True):
            text = shown(found, monkeypatch, width, explain=explain)
            assert max(map(len, text.splitlines())) <= width
            assert tokens(text) <= known
            assert "…" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_its_unit(portals: dict[str, Any], language: Language) -> None:
    """Percent, currency, days, months, a ratio; a count's title says of what. All say what they rest on."""
    forms = {
        unit: words(language)[f"unit.{unit}"].replace("# ", "").split("|") for unit in ("days", "months")
    }
    forms |= {"share": ["%"], "money": ["$", "€", "USD", "EUR"], "ratio": [" : 1"]}
    for name in ("shop", "b2b"):
        metrics = answers(portals[name][0], language)["metrics"]
        writer = Shown.of(metrics)
        for one in metrics["metrics"]:
            text = writer.figure(one)
            parts = words(language).get(f"unit.{one['unit']}.part", "").replace("# ", "")
            wanted = [*forms.get(one["unit"], [""]), *([parts] if parts else [])]
            assert one["value"] is None or any(form in text for form in wanted), one
            assert not re.fullmatch(r"[\d\W]*", one["basis"]), one
    there = {one["key"] for one in metrics["metrics"]}
    assert there == {key for group in GROUPS.values() for key in group}


@pytest.mark.parametrize(
    ("language", "unit", "said"),
    [
        ("en", "days", {1: "1 day", 2: "2 days", 57.5: "57.5 days"}),
        ("ru", "days", {1: "1 день", 3: "3 дня", 11: "11 дней", 21: "21 день", 4.5: "4,5 дня"}),
        ("pl", "months", {1: "1 miesiąc", 3: "3 miesiące", 12: "12 miesięcy", 22: "22 miesiące"}),
        ("pl", "days", {1: "1 dzień", 2: "2 dni", 4.5: "4,5 dnia"}),
        ("ru", "months", {1: "1 месяц", 24: "24 месяца", 60: "60 месяцев"}),
        ("en", "ratio", {3.24: "3.2 : 1"}),
    ],
)
def test_a_unit_stands_in_the_form_that_goes_with_the_number(
    language: str, unit: str, said: dict[float, str]
) -> None:
    """Also of a number with a fraction; numbers are written as the locale has them."""
    writer = Shown(language, "EUR")
    assert {value: writer.value(value, unit) for value in said} == said
    assert Shown("en", None, "de_DE").value(1234.5, "days") == "1.234,5 days"


def test_the_words_are_whole_in_every_language() -> None:
    """The same keys, the same blanks to fill in, as many headings, and as many forms as the language has."""
    english = TEXTS["en"]
    for language, texts in TEXTS.items():
        assert {key for key in texts if not key.endswith(".part")} == set(english), language
        for key, text in texts.items():
            counted, plain = "#" in text, english.get(key, text)
            wanted = len(FORMS[language]) - 1 if counted else plain.count("|")
            assert key.endswith(".part") or text.count("|") == wanted, (language, key)
            assert set(re.findall(r"{\w+", text)) == set(re.findall(r"{\w+", plain)), (language, key)
