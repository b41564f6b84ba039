"""Conditions: what is refused and where, and what unknown values do."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from plugin.cli.checking import rule_findings
from plugin.lifecycle.catalogue import FACTS, extra_fact
from plugin.lifecycle.conditions import compile_condition
from plugin.lifecycle.expressions import Compiled, Names
from plugin.lifecycle.models import check_models, load_models
from plugin.lifecycle.rulefile import Problem, RuleError, Text
from plugin.mapping.model import Mapping, ModelChoice, Sources

NAMES = Names(FACTS, {"buyer": False}, {"loyal_after_purchases": 3.0})

# « marks the character that the message must point at.
BROKEN: list[tuple[str, str]] = [
    ("«purchasess >= 1", "did you mean 'purchases'?"),
    ("purchases >= 1 AND «nosuch_fact > 2", "unknown name 'nosuch_fact'"),
    ("purchases >= 1 AND\n      «buyr", "did you mean 'buyer'?"),
    ("buyer AND NOT «slepeing", "did you mean 'sleeping'?"),
    ("«purchases", "this is a number"),
    ("«1", "this is a number"),
    ("«'yes'", "this is a text"),
    ("«channel", "this is a text"),
    ("«contract_until", "this is a date"),
    ("«purchases + 1", "this is a number"),
    ("«channel > 3", "a text is compared with a number"),
    ("«purchases = 'many'", "a number is compared with a text"),
    ("«buyer = 1", "a bool is compared with a number"),
    ("«contract_until > 5", "a date is compared with a number"),
    ("contract_until > «'soon'", "is not a date"),
    ("contract_until >= DATE «'2026-13-01'", "is not a date"),
    ("buyer AND «purchases", "expected a bool, this is a number"),
    ("«nps OR buyer", "expected a bool, this is a number"),
    ("NOT «revenue", "expected a bool, this is a number"),
    ("«channel + 1 > 2", "expected a number, this is a text"),
    ("«NOW() > 3", "NOW is not allowed"),
    ("purchases > 1 AND «RANDOM() > 0.5", "is not allowed"),
    ("«COUNT(purchases) > 1", "COUNT is not allowed"),
    ("«SUM(revenue) > 100", "SUM is not allowed"),
    ("«AVG(revenue) > 100", "AVG is not allowed"),
    ("«MAX(revenue) > 100", "MAX is not allowed"),
    ("«POW(purchases, 400) > 1", "is not allowed"),
    ("«EXP(purchases) > 1", "is not allowed"),
    ("purchases > 1 OR «LN(revenue) > 1", "is not allowed"),
    ("revenue / 2 > 1 AND «my_own(revenue) > 3", "my_own is not allowed"),
    ("«purchases IN (SELECT 1)", "sub-queries are not allowed"),
    ("purchases >= «(SELECT 1)", "is not allowed"),
    ("«purchases = NULL", "write IS NULL"),
    ("«purchases IS 3", "IS is followed by"),
    ("purchases >= 1 «AND", "not an expression"),
    ("purchases >= 1 «OR", "not an expression"),
    ("purchases >= 1 «limit 3", "not an expression"),
    ("purchases «! 3", "not an expression"),
    ("purchases >= 1«; DROP TABLE x", "without a semicolon"),
    ("«purchases x", "is not allowed"),
    ("«deals.purchases > 1", "a name has no dots"),
    ("«purchases % 2 = 0", "is not allowed"),
    ("«purchases::int > 1", "only CAST"),
    ("«channel || 'x' = 'y'", "is not allowed"),
    ("«revenue LIKE 'a%'", "expected a text, this is a number"),
    ("CASE WHEN «purchases THEN 1 END > 0", "expected a bool"),
    ("«CASE WHEN buyer THEN 1 ELSE 'x' END > 0", "values of different types"),
    ("«GREATEST(purchases, channel) > 1", "values of different types"),
    ("«CASE WHEN buyer THEN 2 ELSE 'x' END > 0", "make all of one type"),
    ("revenue >= 1«,000", "write a number without signs between thousands"),
    ("«close_date > 3", "unknown name 'close_date'"),
    ("1 < «purchases < 3", "cannot be chained"),
    ("«buyer > TRUE", "a bool has no order"),
]
LAYOUTS = ("plain", "block")


def lay_out(expression: str, layout: str) -> tuple[str, int, int]:
    """A model file with the expression, and the line and column of its mark."""
    lines = ["model: mine", "stages:", "  - {key: one}", "  - {key: two}", "rules:", "  - stage: one"]
    if layout == "plain":
        lines += [f"    when: {expression}"] if "'" not in expression else [f'    when: "{expression}"']
    else:
        lines += ["    when: >-", *(f"      {part.strip()}" for part in expression.split("\n"))]
    text = "\n".join([*lines, "  - stage: two", ""])
    at = text.index("«")
    return text.replace("«", ""), text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("expression", "message"), BROKEN)
def test_a_broken_condition_is_refused_with_its_line_and_column(
    expression: str, message: str, layout: str, tmp_path: Path
) -> None:
    text, line, column = lay_out(expression, layout)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_models(Mapping(), [path])
    [problem] = caught.value.problems
    assert message in problem.message
    assert (problem.file, problem.line, problem.column) == (str(path), line, column)
    assert f"{path}:{line}:{column}:" in str(caught.value)


#: What each message says of the condition, at which of its characters.
SAID: list[tuple[str, list[tuple[int, str]]]] = [
    ("buyer AN lost", [(6, "near `AN`; did you mean AND?")]),
    ("buyer ADN lost", [(6, "near `ADN`; did you mean AND?")]),
    ("lost O buyer", [(5, "did you mean OR?")]),
    ("NTO lost", [(0, "did you mean NOT?")]),
    ("purchases BETWEN 1 AND 3", [(10, "did you mean BETWEEN?")]),
    ("revenue I NULL", [(8, "did you mean IS?")]),
    ("revenue IS NUL", [(0, "did you mean NULL?")]),
    ("buyer AN lostt AN sleepng", [(6, "AND?"), (9, "'lost'?"), (15, "AND?"), (18, "'sleeping'?")]),
    ("buyer FOO lost", [(10, "near `lost`")]),
    ("purchases >= 1 AND", [(15, "something is missing near `AND`")]),
    ("(buyer", [(1, "`)` is missing near `buyer`")]),
    ("purchases = '10'", [(0, "`purchases` is a number, '10' is a text; write 10 without quotes")]),
    ("channel = 3", [(0, "`channel` is a text, 3 is a number; write '3' in quotes")]),
    ("seats > 3", [(0, "`seats` is a text, 3 is a number; declare it under `extras`: {property: seats,")]),
    ("buyr AND lostt OR nps", [(0, "'buyer'?"), (9, "'lost'?"), (18, "expected a bool")]),
    (
        "CASE WHEN buyr THEN nps WHEN lostt THEN 'b' WHEN nps THEN 3 ELSE chanel END = 'a'",
        [(0, "number, text"), (10, "'buyer'?"), (29, "'lost'?"), (49, "expected a bool"), (65, "'channel'?")],
    ),
    ("CASE chanel WHEN 1 THEN lostt END", [(0, "write CASE WHEN"), (5, "'channel'?"), (24, "'lost'?")]),
    (
        "purchases > 3 AND channel IN ('a', 3, chanel, 4, NULL)",
        [(35, "write '3' in quotes"), (38, "'channel'?"), (46, "write '4' in quotes"), (49, "with NULL")],
    ),
    ("chanel IN ('a', 3) OR lostt", [(0, "'channel'?"), (22, "'lost'?")]),
    ("NULL IN (1, 2) OR buyer = NULL", [(0, "with NULL"), (18, "with NULL")]),
    ("revenu BETWEEN 'x' AND purchasess", [(0, "'revenue'?"), (23, "'purchases'?")]),
    ("revenue BETWEEN 'x' AND buyer", [(16, "'x' is a text"), (24, "`buyer` is a bool")]),
    (
        "COALESCE(revenu, nps, purchasess) > 'x' AND GREATEST(chanel, buyer) > 1",
        [(9, "'revenue'?"), (22, "'purchases'?"), (44, "this is a bool"), (53, "'channel'?")],
    ),
    ("GREATEST(revenu, nps, channel) > 1", [(0, "number, text"), (9, "'revenue'?")]),
    ("ROUND(revenu, purchases) > channel", [(0, "is a number, `channel`"), (6, "'revenue'?"), (14, "whole")]),
    (
        "SUM(revenu) > SUM(purchasess)",
        [(0, "SUM is not"), (4, "'revenue'?"), (14, "SUM"), (18, "'purchases")],
    ),
    ("DATEDIFF(day, revenu) > 1", [(0, "not allowed"), (14, "'revenue'?")]),
    ("revenue > (SELECT revenu FROM deals) OR lostt", [(10, "not allowed"), (40, "'lost'?")]),
    ("ABS(revenu, 2) > 1 OR lostt", [(0, "ABS takes one value, not 2"), (4, "'revenue'?"), (22, "'lost'?")]),
    (
        "NULLIF(revenu) > 1 OR ABS(1, (2)) > lostt",
        [(0, "missing in NULLIF"), (7, "enue'?"), (22, "ABS"), (36, "lost")],
    ),
    ("ABS(revenu, 2) > 1 AND (lostt", [(0, "ABS takes"), (4, "'revenue'?"), (24, "`)` is"), (24, "'lost'?")]),
    ("buyr AND (revenu > 1 OR other", [(0, "'buyer'?"), (10, "'revenue'?"), (24, "`)` is missing")]),
    ("CASE WHEN buyr THEN 1", [(10, "'buyer'?"), (20, "`END` is missing")]),
    ("1 < purchasess < nps AND lostt", [(4, "chained"), (4, "'purchases'?"), (25, "'lost'?")]),
    ("(channel > 3) + 1 > 2", [(1, "`channel` is a text"), (1, "expected a number, this is a bool")]),
    (
        "revenue > 1e999 OR purchases LIKE lost",
        [(10, "too large"), (19, "expected a text"), (34, "in quotes")],
    ),
]


@pytest.mark.parametrize(("condition", "said"), SAID)
def test_a_fault_says_what_is_meant_and_hides_no_other(condition: str, said: list[tuple[int, str]]) -> None:
    """Also several in one condition, each at its own character."""
    problems: list[Problem] = []
    conditions = {"buyer": False, "lost": False, "sleeping": False}
    names = Names({**FACTS, "seats": extra_fact("seats")}, conditions)
    assert compile_condition(Text(condition, "r.yaml", condition, 0), names, problems) is None
    assert [one.column - 1 for one in sorted(problems)] == [at for at, _ in said]
    assert all(words in one.message for one, (_, words) in zip(sorted(problems), said, strict=True))


def test_there_are_a_hundred_broken_files() -> None:
    assert len(BROKEN) * len(LAYOUTS) >= 100


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("model: mine\n", 1, 8, "needs 'stages'"),
        ("model: mine\nstages: [{key: a}]\nrules:\n  - stage: b\n", 4, 12, "no stage 'b'"),
        ("model: mine\nstages: [{key: a}]\nrules:\n  - {stage: a, when: buyer}\n", 4, 3, "last rule"),
        (
            "model: m\nstages: [{key: a}, {key: b}]\nrules:\n  - stage: a\n",
            4,
            3,
            "no rule names the stage 'b'",
        ),
        ("conditions:\n  rich: {wen: revenue > 1}\n", 2, 10, "unknown key 'wen'"),
        ("conditions:\n  purchases: revenue > 1\n", 2, 3, "name of a fact"),
        ("conditions:\n  a: b\n  b: a\n", 3, 6, "in a circle: a → b → a"),
        ("conditions:\n  a: buyer AND NOT a\n", 2, 6, "in a circle: a → a"),
        ("conditions: [1]\n", 1, 13, "expected a mapping"),
        ("conditions:\n  a: 'x\n", 2, 6, "not YAML"),
        ("conditions:\n  a: b: c\n", 2, 7, "not YAML"),
        ("", 1, 1, "the file is empty"),
        ("segments:\n  - {labels: {en: Rich}, when: buyer}\n", 2, 5, "a 'key' is needed"),
        ("flags:\n  - {key: f, when: buyer, severity: 9}\n", 2, 37, "a severity is 1, 2 or 3"),
        ("for_flags:\n  lost: dance\n", 2, 9, "there is no play 'dance'"),
    ],
)
def test_a_wrongly_built_file_is_refused_where_it_is_wrong(
    text: str, line: int, column: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_models(Mapping(), [path])
    found = [p for p in caught.value.problems if message in p.message]
    assert found, caught.value
    assert (found[0].line, found[0].column) == (line, column), caught.value


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("  - {stage: a, when: buyer}\n  - {stage: b, when: buyr}\n  - stage: c\n", "did you mean 'buyer'"),
        ("  - {stage: a, when: buyer}\n  - {stage: bb, when: lost}\n  - stage: c\n", "no stage 'bb'"),
        ("  - {stage: a, when: buyer}\n  - {when: lost}\n  - stage: c\n", "a rule names a 'stage'"),
    ],
)
def test_a_fault_is_told_once_and_not_again_by_what_follows_from_it(
    rules: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    stages = "- {key: a}\n- {key: b}\n- {key: c}\n"
    path.write_text(f"model: m\nstages:\n{stages}rules:\n{rules}", encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_models(Mapping(), [path])
    [problem] = caught.value.problems
    assert message in problem.message
    assert problem.line == 8


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("conditions:\n  a: purchasess > 1\n  b: NOW() > 2\n", encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_models(Mapping(), [path])
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 6), (3, 6)]


def compiled(text: str, *, known: bool = False) -> Compiled:
    """A condition that must be right."""
    problems: list[Problem] = []
    found = compile_condition(Text(text, "t", text, 0), NAMES, problems, known=known)
    assert not problems, problems
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("revenue / orders > 2", None),  # orders is 0
        ("revenue / orders > 2 OR purchases = 4", True),
        ("orders / orders = 1", None),
        ("revenue * 1e308 > 1", None),  # infinity
        ("nps >= 9", None),
        ("NOT nps >= 9", None),
        ("nps >= 9 AND purchases = 0", False),
        ("nps >= 9 OR purchases = 4", True),
        ("nps IS NULL", True),
        ("nps IS NOT NULL", False),
        ("nps BETWEEN 1 AND 3", None),
        ("nps IN (1, 2)", None),
        ("purchases IN (1, 4)", True),
        ("purchases NOT IN (1, 4)", False),
        ("COALESCE(nps, 0) = 0", True),
        ("GREATEST(nps, 3) = 3", None),
        ("LEAST(purchases, 3) = 3", True),
        ("NULLIF(purchases, 4) IS NULL", True),
        ("purchases / 3 > 1.3", True),  # floats, not whole numbers
        ("channel LIKE 'EMAIL%'", True),
        ("LOWER(channel) = 'email_marketing'", True),
        ("contract_until >= '2026-01-01'", True),
        ("CASE WHEN nps > 3 THEN 1 ELSE 2 END = 2", True),
        ("CASE WHEN buyer THEN 1 END = 1", True),
        ("cancelled", None),
        ("cancelled IS FALSE", False),
        ("loyal_after_purchases = 3", True),
        ("-purchases < 0", True),
        ("ROUND(revenue / 3, 2) = 33.37", True),
    ],
)
def test_logic_is_that_of_sql(text: str, result: bool | None) -> None:
    frame = pl.DataFrame(
        {
            "purchases": [4.0],
            "orders": [0.0],
            "revenue": [100.1],
            "nps": pl.Series([None], dtype=pl.Float64),
            "cancelled": pl.Series([None], dtype=pl.Boolean),
            "buyer": [True],
            "channel": ["EMAIL_MARKETING"],
            "contract_until": pl.Series(["2026-05-05"]).str.to_date(),
        }
    )
    assert frame.select(compiled(text).expr.alias("x"))["x"].to_list() == [result]


@pytest.mark.parametrize(
    ("text", "result"), [("NOT nps >= 9", True), ("nps >= 9", False), ("NOT cancelled", True)]
)
def test_inside_a_named_condition_the_unknown_counts_as_false(text: str, result: bool) -> None:
    frame = pl.DataFrame(
        {"nps": pl.Series([None], dtype=pl.Float64), "cancelled": pl.Series([None], dtype=pl.Boolean)}
    )
    assert frame.select(compiled(text, known=True).expr.alias("x"))["x"].to_list() == [result]


def test_the_shipped_rules_carry_no_warning() -> None:
    assert check_models(Mapping()) == []


def test_a_stage_behind_one_that_always_holds_first_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "model: mine\nstages: [{key: a}, {key: b}, {key: c}]\nrules:\n"
        "  - {stage: a, when: buyer}\n  - {stage: b, when: repeat_buyer}\n  - stage: c\n",
        encoding="utf-8",
    )
    [warning] = check_models(Mapping(), [path])
    assert "'mine'" in warning
    assert "'b'" in warning


@pytest.mark.parametrize(
    "when",
    [
        "revenue >= 140000 AND purchases >= 40",
        "revenue BETWEEN 52000 AND 52001",
        "revenue >= 900000000",
        "channel = 'REFERRALS'",
        "channel IN ('PAID_SOCIAL', 'PAID_SEARCH') AND account_tier = 'gold'",
        "account_tier LIKE 'plat_num%'",
        "UPPER(account_tier) = 'GOLD'",
        "CAST(account_tier AS DOUBLE) >= 5000",
        "contract_until >= '2031-06-30'",
    ],
)
def test_a_stage_that_customers_do_reach_is_not_warned_about(when: str, tmp_path: Path) -> None:
    """Whatever value the rule names: large sums, texts of the portal's own, far days."""
    path = tmp_path / "mine.yaml"
    rules = f'  - {{stage: a, when: "{when}"}}\n  - stage: c\n'
    path.write_text(f"model: mine\nstages: [{{key: a}}, {{key: c}}]\nrules:\n{rules}", encoding="utf-8")
    mapping = Mapping(contact=Sources(extras=("account_tier",)))
    assert check_models(mapping, [path]) == []
    never = f"({when}) AND (revenue < 0 AND revenue > 1000000)"
    path.write_text(path.read_text().replace(when, never), encoding="utf-8")
    [warning] = check_models(mapping, [path])
    said = "model 'mine': none of 60,000 made-up customers reached the stage 'a'"
    assert warning.startswith(f"{path}:4:5: {said}")
    file = tmp_path / "mapping.yaml"
    file.write_text("version: 1\ncontact: {extras: [account_tier]}\nrules: [mine.yaml]\n")
    [(name, finding)] = rule_findings(file)
    assert (name, finding.line, finding.column) == (str(path), 4, 5)
    assert finding.message.startswith(said)


def test_a_condition_of_ones_own_is_warned_about_in_the_models_that_are_chosen_alone(tmp_path: Path) -> None:
    """The eight other shipped models are nobody's to mend."""
    path = tmp_path / "mine.yaml"
    path.write_text("conditions:\n  buyer: purchases >= 5\n", encoding="utf-8")
    for chosen in ("lifecycle9", "churn5"):
        found = check_models(Mapping(models=ModelChoice(primary=chosen)), [path])
        assert found
        assert all(f"model '{chosen}'" in one for one in found)


def test_a_rule_on_a_prediction_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "model: mine\nstages: [{key: a}, {key: c}]\nrules:\n"
        "  - {stage: a, when: p_alive > 0.5}\n  - stage: c\n",
        encoding="utf-8",
    )
    [warning] = check_models(Mapping(), [path])
    assert "p_alive" in warning


def test_own_conditions_replace_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("conditions:\n  engaged: engagements >= 5\n", encoding="utf-8")
    mine, shipped = load_models(Mapping(), [path]), load_models(Mapping())
    assert mine.book.conditions["engaged"].needs == {"engagements"}
    assert shipped.book.conditions["engaged"].needs == {"days_since_engaged"}


def test_the_example_in_the_documentation_works(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("docs", "lifecycle.md").read_text(encoding="utf-8")
    path = tmp_path / "coffee.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert "coffee" in load_models(Mapping(), [path]).known
    assert check_models(Mapping(), [path]) == []


def test_the_documentation_names_every_fact_condition_model_and_flag() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "lifecycle.md").read_text(encoding="utf-8")
    models = load_models(Mapping())
    names = [n for n, f in FACTS.items() if "_cut_" not in n]
    names += [*models.known, *(f.key for f in models.flags), *(s.key for s in models.segments)]
    names += [stage.key for model in models.known.values() for stage in model.stages]
    assert [n for n in names if n not in text] == []
