"""Files broken in ways that a parser notices late or not at all: place and cure are those of the fault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugin.errors import ConfigError
from plugin.jobs.config_check import check_file
from plugin.mapping.findings import Finding
from plugin.mapping.load import check_mapping, read_mapping

V = "version: 1\n"
#: (text, line, column, a part of the message and the cure)
LATE = [
    (V + "language: 'en\ncustomer: contact\ntasks: true\n", 2, 11, "quote that is opened here is not closed"),
    (V + "purchase:\n  pipelines: [default,\n  date: paid\n", 3, 14, "bracket that is opened here is not"),
    (V + "tasks: true\nrules: [\n", 3, 8, "bracket that is opened here is not closed"),
    (V + "customer:company\ntasks: true\n", 2, 1, "a key stands here without its colon. Write `key: value`"),
    (V + "customer:\u00a0company\n", 2, 1, "An invisible character stands on this line"),
    (V + "<<<<<<< HEAD\nlanguage: en\n", 2, 1, "without its colon"),
    (V + "language: e\x07n\n", 2, 12, "control character U+0007"),
    (V + "tasks: true\n\x00", 3, 1, "control character U+0000"),
    (V + "contact:\n  nps: @nps\n", 3, 8, "Put the value in quotes"),
    (V + 'spend: "C:\\data\\spend.csv"\n', 2, 12, "use single quotes"),
    (V + "outputs:\n  clm_stage:\n    label: Stage: ours\n", 4, 17, "quotes: it has a colon in it"),
    (V + "customer:\tcompany\n", 2, 10, "Write a space instead of the tab"),
    (V + 'outputs:\n  clm_stage: {label: "\\ud800"}\n', 3, 22, "Half a character"),
    (V + "lan\u200bguage: en\n", 2, 1, "`lan<U+200B>guage`. Did you mean language?"),
    (V + "purchase:\ndate: paid\n", 3, 1, "Write it under `purchase`, indented"),
    (V + "purchase:\n  date: paid\n  contact:\n    nps: x\n", 4, 3, "Begin its line with `contact:`"),
    (V + "contact:\n  markers:\n    - a\n    -\n", 5, 6, "An entry of this list is empty. Write one behind"),
    (V + "time_zone: +02:00\n", 2, 12, "as in Europe/Warsaw"),
    (V + "outputs:\n  clm_rfm: off\n", 3, 12, "Write false"),
    (V + "outputs:\n  clm_stage: email\n", 3, 14, "HubSpot's own: its values would be lost"),
    (V + "outputs:\n  clm_stage: hs_lead_status\n", 3, 14, "HubSpot's own"),
    (V + "rules: ['preset:shopp']\n", 2, 9, "Rules come with preset:subscriptions"),
]


def _told(one: Finding) -> str:
    return f"{one.message} {one.cure}"


@pytest.mark.parametrize(("text", "line", "column", "said"), LATE, ids=range(len(LATE)))
def test_a_fault_is_told_where_it_is_and_not_where_it_was_noticed(
    text: str, line: int, column: int, said: str
) -> None:
    """Line, column, and a cure of just this fault."""
    errors = [one for one in read_mapping(text.encode())[1] if one.severity == "error"]
    assert [(one.line, one.column) for one in errors] == [(line, column)]
    assert said in _told(errors[0])


def test_a_property_that_is_written_and_read_is_told_where_it_is_read() -> None:
    """The output stands at its default, in no line of the file."""
    (found,) = read_mapping(f"{V}contact:\n  nps: clm_stage\n".encode())[1]
    assert (found.line, found.column, found.severity) == (3, 8, "warning")


def test_a_spend_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before a report is asked for."""
    (tmp_path / "m.yaml").write_text(f"{V}spend: none.csv\n")
    (found,) = check_mapping(tmp_path / "m.yaml")
    assert (found.line, found.severity) == (2, "warning")
    (tmp_path / "none.csv").write_text("month,channel,amount\n")
    assert check_mapping(tmp_path / "m.yaml") == []


def test_a_device_or_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    """Neither as mapping file nor as rule file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "m.yaml").write_text(f"{V}rules: [/dev/zero, pipe]\n")
    for file in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="a device or a pipe"):
            check_file(file)
        with pytest.raises(ConfigError, match="a device or a pipe"):
            check_mapping(file)
    assert {one.line for _, one in check_file(tmp_path / "m.yaml")} == {2}


def test_characters_written_as_pairs_of_escapes_are_read_as_the_characters_that_they_are() -> None:
    """JSON writes them so, and JSON is YAML."""
    mapping, findings = read_mapping(f'{V}headers: {{"\\ud83d\\ude00": nps}}\n'.encode())
    assert (dict(mapping.headers), findings) == ({"😀": "nps"}, [])


S = "segments:\n  - key: a\n    labels: {en: A}\n    when: buyer\n"
RULES: list[tuple[str | bytes, int, str]] = [
    (S.replace("A}", "A\x00}"), 3, "control character U+0000"),
    (S.replace("A}", "\u00c9}").encode("latin-1"), 3, "not UTF-8"),
    ("segments: " + "[" * 3000, 1, "nested too deeply"),
    ("conditions:\n  a: " + " OR ".join(["buyer"] * 3000), 2, "too long"),
    ("conditions:\n  a: " + "(" * 3000 + "buyer" + ")" * 3000, 2, "nested too deeply"),
    ("segments: &s\n  - *s\n", 2, "an alias"),
    (S.replace("buyer", "!x buyer"), 4, "tag !x is not accepted"),
    (S + S.replace("segments:\n", ""), 5, "the key 'a' stands here twice"),
    (S.replace("buyer", ""), 4, "the condition is empty"),
    ("for_flags:\n  sleping: win_back\n", 2, "no flag 'sleping'. Did you mean sleeping?"),
    ("for_flags:\n  lost: winback\n", 2, "no play 'winback'. Did you mean win_back?"),
    ("plays:\n  x: {goal: {en: G}, action: {en: A}, due_days: -4}\n", 2, "write 0 to 3650"),
    ("plays:\n  x: {goal: {en: G}, action: {en: A}, due_days: 999999999}\n", 2, "write 0 to 3650"),
    (b"# " + b"x" * 1_000_000, 1, "over 1,000,000 bytes"),
]


@pytest.mark.parametrize(("rules", "line", "said"), RULES, ids=range(len(RULES)))
def test_a_broken_rule_file_is_told_with_its_line(
    rules: str | bytes, line: int, said: str, tmp_path: Path
) -> None:
    """No traceback, whatever it holds."""
    (tmp_path / "r.yaml").write_bytes(rules if isinstance(rules, bytes) else rules.encode())
    (tmp_path / "m.yaml").write_text(f"{V}rules: [r.yaml]\n")
    found = [one for name, one in check_file(tmp_path / "m.yaml") if name.endswith("r.yaml")]
    assert any(one.line == line and said in _told(one) for one in found), found


def test_the_table_of_hubspots_own_stage_names_stages_that_there_are(tmp_path: Path) -> None:
    """Those of the primary model, also where it is one's own."""
    (tmp_path / "m.yaml").write_text(
        f"{V}outputs:\n  lifecyclestage: {{stages: {{loyl: customer, lead: lead}}}}\n"
    )
    ((_, found),) = check_file(tmp_path / "m.yaml")
    assert (found.line, found.column, found.cure) == (3, 29, "Did you mean loyal?")
