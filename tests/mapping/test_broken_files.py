"""A hundred broken mapping files and any number of random ones: each is told with its line, none crashes."""

from __future__ import annotations

import string
import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.jobs.config_check import check_file
from plugin.mapping.load import default_text, read_mapping
from plugin.mapping.model import DEFAULT_THRESHOLDS, OUTPUT_NAMES

#: (text, line of the fault); what stands above it is right.
SINGLE: list[tuple[str, int]] = [
    ("version: 1\n", 0),
    ("version: 2\n", 1),
    ("version: one\n", 1),
    ("version: true\n", 1),
    ("version: 1\nlangage: en\n", 2),
    ("version: 1\nlanguage: de\n", 2),
    ("version: 1\nlanguage: [en]\n", 2),
    ("version: 1\ncustomer: deal\n", 2),
    ("version: 1\ncustomer:\n", 2),
    ("version: 1\ntime_zone: Warsaw\n", 2),
    ("version: 1\ncurrency: Euro\n", 2),
    ("version: 1\ncurrency: 12\n", 2),
    ("version: 1\nversion: 1\n", 2),
    ("version: 1\n\tlanguage: en\n", 2),
    ("version: 1\nlanguage en\n", 2),
    ("version: 1\nlanguage: *en\n", 2),
    ("version: 1\nlanguage: !!python/object:os.system en\n", 2),
    ("version: 1\npurchase: all\n", 2),
    ("version: 1\npurchase:\n  amount: 12\n", 3),
    ("version: 1\npurchase:\n  amount: [amount, 'Amount in EUR']\n", 3),
    ("version: 1\npurchase:\n  amount:\n    - amount\n    - amount\n", 5),
    ("version: 1\npurchase:\n  date:\n", 3),
    ("version: 1\npurchase:\n  date: Close Date\n", 3),
    ("version: 1\npurchase:\n  margin_share: 40\n", 3),
    ("version: 1\npurchase:\n  margin_share: 40%\n", 3),
    ("version: 1\npurchase:\n  attribution: half\n", 3),
    ("version: 1\npurchase:\n  pipelines: {default: true}\n", 3),
    ("version: 1\npurchase:\n  pipelines: ['']\n", 3),
    ("version: 1\npurchase:\n  margin_property: a\n  cost_property: b\n", 4),
    ("version: 1\nthresholds:\n  lost_min_days: 2000\n", 3),
    ("version: 1\nthresholds:\n  sleeping_min_days: 700\n", 3),
    ("version: 1\nthresholds: [1, 2]\n", 2),
    ("version: 1\ncontact:\n  nps: [a, b]\n", 3),
    ("version: 1\ncontact:\n  nps: 'My NPS'\n", 3),
    ("version: 1\ncontact:\n  engagement_dates: {last: click}\n", 3),
    ("version: 1\ncontact:\n  engagment_dates: []\n", 3),
    ("version: 1\ncompany:\n  chanel: x\n", 3),
    ("version: 1\nmodels: lifecycle9\n", 2),
    ("version: 1\nmodels:\n  primary: lifecycle8\n", 3),
    ("version: 1\nmodels:\n  primary: 'Life cycle'\n", 3),
    ("version: 1\nmodels:\n  secondary: [maturity7, nonsense]\n", 3),
    ("version: 1\nread_companies: maybe\n", 2),
    ("version: 1\ntasks: 'true'\n", 2),
    ("version: 1\nrules: [nowhere.yaml]\n", 2),
    ("version: 1\nrules: {a: b}\n", 2),
    ("version: 1\noutputs: [clm_stage]\n", 2),
    ("version: 1\noutputs:\n  clm_stag: false\n", 3),
    ("version: 1\noutputs:\n  clm_stage: 12\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {nme: x}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {name: Our Stage}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {mode: append}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {write: si}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {label: [a]}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {values: loyal}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {values: {loyal: 'a;b'}}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: {values: {loyal: [vip]}}\n", 3),
    ("version: 1\noutputs:\n  clm_clv: {values: {loyal: vip}}\n", 3),
    ("version: 1\noutputs:\n  clm_stage: one\n  clm_tier: one\n", 4),
    ("version: 1\nheaders: [a]\n", 2),
    ("version: 1\nheaders:\n  Kunde: 'Id Nummer'\n", 3),
    ("- version: 1\n", 1),
    ("just text\n", 1),
    ("version: 1\n---\nversion: 1\n", 2),
    ("version: 1\nlanguage: 'en\n", 2),
    ("version: 1\n? [a]\n: b\n", 2),
    ("{version: 1, language: en", 1),
    ("version: 1\npurchase:\n amount: a\n  date: b\n", 3),
]
THRESHOLDS = [
    (f"version: 1\nthresholds:\n  {name}: {bad}\n", 3)
    for name, bad in product(DEFAULT_THRESHOLDS, ("soon", "-1"))
]
OUTPUTS = [(f"version: 1\noutputs:\n  {name}: {{wirte: true}}\n", 3) for name in OUTPUT_NAMES]
BROKEN = [one for one in (*SINGLE, *THRESHOLDS, *OUTPUTS) if one[1]]


def test_there_are_a_hundred() -> None:
    """All different."""
    assert len({text for text, _ in BROKEN}) >= 100


@pytest.mark.parametrize(("text", "line"), BROKEN, ids=range(len(BROKEN)))
def test_each_broken_file_has_a_message_at_the_right_line(text: str, line: int) -> None:
    """With what is wrong, and a cure; an unclosed bracket or quote may be noticed on the line after."""
    errors = [one for one in read_mapping(text.encode())[1] if one.severity == "error"]
    open_end = text.count("'") % 2 or text.count("{") != text.count("}")
    right = (
        {line, line + 1}
        if open_end or "language en" in text or "date: b" in text or "---" in text
        else {line}
    )
    assert right & {one.line for one in errors}, errors
    assert all(one.column >= 1 and one.message and one.cure for one in errors)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(default_text().splitlines()) - 1),
    st.text(string.printable, max_size=20),
    st.sampled_from(["replace", "insert", "append"]),
)
def test_a_scribble_in_any_line_of_a_right_file_is_told_or_harmless(
    line: int, scribble: str, how: str
) -> None:
    """No traceback, and every finding stands within the file."""
    lines = default_text().splitlines()
    lines[line] = {"replace": scribble, "insert": scribble + lines[line], "append": lines[line] + scribble}[
        how
    ]
    text = "\n".join(lines) + "\n"
    for one in read_mapping(text.encode())[1]:
        assert 1 <= one.line <= text.count("\n") + text.count("\r") + 2
        assert one.cure


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_traceback(raw: bytes) -> None:
    """Whatever a file holds."""
    read_mapping(raw)


def test_a_bomb_of_aliases_does_not_go_off_and_a_huge_file_is_not_read() -> None:
    """Both are told in a moment."""
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(200))
    begun = time.process_time()
    assert any("alias" in one.message for one in read_mapping(bomb.encode())[1])
    assert "bytes" in read_mapping(b"x" * 2_000_000)[1][0].message
    assert time.process_time() - begun < 2


def test_a_file_of_a_thousand_lines_is_checked_in_under_a_second() -> None:
    """Processor time, so that a busy machine does not decide."""
    extras = "".join(f"    - field_{n}\n" for n in range(700))
    headers = "".join(f"  Column {n}: field_{n}\n" for n in range(300))
    text = f"version: 1\ncontact:\n  extras:\n{extras}headers:\n{headers}"
    assert text.count("\n") > 1_000
    begun = time.process_time()
    mapping, findings = read_mapping(text.encode())
    assert time.process_time() - begun < 1
    assert findings == []
    assert len(mapping.contact.extras) == 700


MINE = """version: 1
thresholds: {loyal_after_purchase: 4}
models: {primary: mien, secondary: [value5, partnership]}
purchase: {margin_share: '40%'}
contact:
  extras: [seats, {property: my_rank, type: numbr}]
outputs: {clm_tier: {values: {golden: x}}}
derived_facts:
  - {name: load, type: number, function: nobodys_own, reads: [seats]}
rules: [r.yaml]
"""
RULES = """model: mine
stages: [{key: a}, {key: b}]
rules:
  - {stage: a, when: purchases >= loyal_after_purchases AND seats > 3 AND my_rank > 2 AND load > 1}
  - {stage: a, when: purchasess > 1 AN lostt}
  - {stage: c, when: "(buyer"}
  - {stage: b}
conditions:
  rich: buyer AND purchases = '10'
"""


def _told(tmp_path: Path, mapping: str = MINE, rules: str = RULES) -> list[tuple[str, int, int, str]]:
    """(file, line, column, message and cure) of every error, as one run tells them."""
    (tmp_path / "m.yaml").write_text(mapping)
    (tmp_path / "r.yaml").write_text(rules)
    found = [(name, one) for name, one in check_file(tmp_path / "m.yaml") if one.severity == "error"]
    return [(Path(name).name, f.line, f.column, f"{f.message} {f.cure}") for name, f in found]


def test_one_run_tells_the_faults_of_the_file_and_of_its_rules_and_none_that_only_follows(
    tmp_path: Path,
) -> None:
    """What rules name rightly, and the file declares wrongly, is told once: in the file."""
    told = _told(tmp_path)
    assert [one[:3] for one in told] == [
        *(("m.yaml", 2, 14), ("m.yaml", 3, 19), ("m.yaml", 3, 45), ("m.yaml", 4, 26)),
        *(("m.yaml", 6, 45), ("m.yaml", 7, 31), ("m.yaml", 9, 42)),
        *(("r.yaml", 5, 22), ("r.yaml", 5, 37), ("r.yaml", 5, 40)),
        *(("r.yaml", 6, 13), ("r.yaml", 6, 24), ("r.yaml", 9, 19)),
    ]
    assert "Did you mean mine?" in told[1][3]
    assert "Did you mean partnership5?" in told[2][3]


@pytest.mark.parametrize(
    ("mapping", "rules", "places"),
    [
        ("contacts: {extras: [seats]}", "conditions: {one: seats = 'x'}", [("m.yaml", 2, 1)]),
        ("models: {primary: mine}", "modl: mine", [("r.yaml", 1, 1)]),
        ("models: {primary: mine}", "model: mine\nstages: [", [("r.yaml", 2, 9)]),
        ("models: {secondary: nobodys}", "labels: {en: x}", [("m.yaml", 2, 21)]),
        ("language: [", "conditions: {one: two > 1}", [("m.yaml", 2, 11)]),
        ("", "condition: {one: buyer}\nflags: [{key: a, when: one}, {key: b, when: two}]", [(1, 1), (2, 45)]),
        ("", "conditions: {one: two, two: one, three: one > 3}", [(1, 29), (1, 41)]),
    ],
)
def test_what_follows_from_a_fault_is_not_told_beside_it(
    mapping: str, rules: str, places: list[tuple[str | int, ...]], tmp_path: Path
) -> None:
    """Neither in the same file nor in the other."""
    told = _told(tmp_path, f"version: 1\n{mapping}\nrules: [r.yaml]\n", rules + "\n")
    assert [one[:3] for one in told] == [p if len(p) == 3 else ("r.yaml", *p) for p in places]


TYPING = "conditions: {rich: revnue > 10 AND losst, asked: stage = 'x', far: no_such_thing_here}\n"


def test_a_missing_rule_file_silences_only_the_names_that_it_alone_may_declare(tmp_path: Path) -> None:
    """A slip is told beside it, also of a model's name; what is like no known name is noted, once."""
    mapping = "version: 1\nmodels: {primary: lifecyle9}\nrules: [r.yaml, gone.yaml]\n"
    told = _told(tmp_path, mapping, TYPING)
    assert [one[:3] for one in told] == [
        *(("m.yaml", 2, 19), ("m.yaml", 3, 17)),
        *(("r.yaml", 1, 20), ("r.yaml", 1, 36), ("r.yaml", 1, 50)),
    ]
    assert "lifecycle9" in told[0][3]
    assert "it is what rules decide" in told[4][3]
    [(file, note)] = [(f, one) for f, one in check_file(tmp_path / "m.yaml") if one.severity == "note"]
    assert Path(file).name == "gone.yaml"
    assert note.message.endswith("because it cannot be read: no_such_thing_here.")


def test_a_rule_file_that_is_not_yaml_silences_only_what_it_may_declare(tmp_path: Path) -> None:
    """A word that it only uses is no declaration; that the rest of it was not looked at is said."""
    (tmp_path / "cut.yaml").write_text("conditions:\n  mine: losst AND buyr\n  yours: [\n")
    rules = "conditions: {a: mine OR yours, b: losst, c: buyr}\n"
    told = _told(tmp_path, "version: 1\nrules: [cut.yaml, r.yaml]\n", rules)
    assert [one[:3] for one in told] == [("cut.yaml", 3, 10), ("r.yaml", 1, 35), ("r.yaml", 1, 45)]
    notes = [one.message for _, one in check_file(tmp_path / "m.yaml") if one.severity == "note"]
    assert len(notes) == 1
    assert notes[0].startswith("What else stands in this file was not looked at")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ("thresholds: {sleeping_min_days: four months, lost_min_days: 30}", 1),
        ("thresholds: {sleping_max_days: 10, lost_max_days: 400}", 1),
        ("language: pll\nlocale: pl_PL", 1),
        ("custmer: company\ncompany: {extras: [seats]}", 1),
        ("csat_scale: {lowest: one, highest: 0}", 1),
        ("purchase: {setting: contrct, period: year}", 1),
        ("models: {secondary: [path5, 7]}\noutputs: {clm_stage_value5: false}", 1),
    ],
)
def test_nothing_is_said_that_rests_on_a_value_that_cannot_be_read(body: str, errors: int) -> None:
    """The default that stands in for it stands nowhere in the file."""
    found = read_mapping(f"version: 1\n{body}\n".encode())[1]
    assert [one.severity for one in found] == ["error"] * errors, found


def test_what_does_not_rest_on_an_unreadable_value_is_told_beside_it() -> None:
    body = b"version: 1\nthresholds: {trend_days: soon, sleeping_min_days: 90, lost_min_days: 30}\n"
    assert [one.severity for one in read_mapping(body)[1]] == ["error", "warning"]
