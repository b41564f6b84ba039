"""The commands about rules, as a developer uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from plugin.cli import cli
from tests.cli.test_offline import CONTACTS, DEALS
from tests.support.commands import lifecycle

MODEL = """model: two
labels: {en: Two stages}
stages:
  - key: outside
    labels: {en: Outside}
  - key: inside
    labels: {en: Inside}
rules:
  - stage: inside
    when: purchases >= 1
  - stage: outside
"""


def test_a_first_mapping_file_is_written_checked_and_not_overwritten(tmp_path: Path) -> None:
    """`init` gives a file that passes `check`, and never destroys one."""
    assert lifecycle(tmp_path, "config", "init", "ours.yaml").returncode == 0
    assert lifecycle(tmp_path, "config", "check", "ours.yaml").returncode == 0
    again = lifecycle(tmp_path, "config", "init", "ours.yaml")
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


def test_a_model_is_shown_as_json_with_its_rules_in_order(tmp_path: Path) -> None:
    """For scripts: the last rule always holds."""
    shown = json.loads(lifecycle(tmp_path, "models", "show", "value5", "--json").stdout)
    listed = json.loads(lifecycle(tmp_path, "models", "list", "--json").stdout)
    assert [stage["key"] for stage in shown["stages"]] == listed["value5"]
    assert shown["rules"][0] == {"stage": "retention", "when": "repeat_buyer AND NOT lost"}
    assert shown["rules"][-1] == {"stage": "acquisition", "when": None}


def test_every_fault_of_a_mapping_file_is_told_with_its_place(tmp_path: Path) -> None:
    """All at once, as editors can jump to them."""
    (tmp_path / "m.yaml").write_text("version: 1\nlangage: en\nthresholds:\n  onboarding_days: soon\n")
    done = lifecycle(tmp_path, "config", "check", "m.yaml")
    assert done.returncode == 2
    assert "m.yaml:2:1" in done.stderr
    assert "m.yaml:4:20" in done.stderr
    assert "language" in done.stderr
    told = lifecycle(tmp_path, "config", "check", "m.yaml", "--json")
    assert [finding["line"] for finding in json.loads(told.stdout)] == [2, 4]


def test_the_cure_of_rules_stands_once_below_their_faults(tmp_path: Path) -> None:
    """Each fault says what is meant; what holds for all of them is not said again with each."""
    (tmp_path / "two.yaml").write_text(MODEL.replace("purchases >= 1", "buyer AN lost OR purchases = '1'"))
    (tmp_path / "m.yaml").write_text("version: 1\nmodels: {primary: tow}\nrules: [two.yaml]\n")
    done = CliRunner().invoke(cli, ["config", "check", str(tmp_path / "m.yaml")])
    place, first, second, cure = done.stderr.splitlines()
    assert place.endswith("m.yaml:2:19: There is no stage model 'tow'. Cure: Did you mean two?")
    assert first.endswith("two.yaml:10:17: not an expression: near `AN`; did you mean AND?")
    assert second.endswith("'1' is a text; write 1 without quotes")
    assert cure.startswith("Correct these lines")


def test_the_schema_is_json(tmp_path: Path) -> None:
    """For editors."""
    schema = json.loads(lifecycle(tmp_path, "config", "schema").stdout)
    assert "purchase" in schema["properties"]


LINE = b"# yaml-language-server: $schema=mapping.schema.json"


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"version: 1\n", LINE + b"\nversion: 1\n"),
        (b"version: 1\r\n", LINE + b"\r\nversion: 1\r\n"),
        (b"\xef\xbb\xbfversion: 1\n", b"\xef\xbb\xbf" + LINE + b"\nversion: 1\n"),
        (LINE.replace(b"mapp", b"../m") + b"\nversion: 1 # \\1\n", LINE + b"\nversion: 1 # \\1\n"),
        (b"# ours\n" + LINE + b" \nversion: 1\n", b"# ours\n" + LINE + b"\nversion: 1\n"),
    ],
    ids=["plain", "Windows", "mark", "another", "named"],
)
def test_a_file_names_its_schema_once_and_keeps_every_other_byte(
    tmp_path: Path, raw: bytes, wanted: bytes
) -> None:
    """Also when it is asked for twice; the file stays as good as it was."""
    file = tmp_path / "m.yaml"
    file.write_bytes(raw)
    for _ in range(2):
        given = CliRunner().invoke(cli, ["config", "schema", "--for", str(file)])
        assert (given.exit_code, file.read_bytes()) == (0, wanted)
    assert json.loads((tmp_path / "mapping.schema.json").read_text("utf-8"))["properties"]["purchase"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m.yaml", "mapping.schema.json"]
    assert CliRunner().invoke(cli, ["config", "check", str(file)]).exit_code == 0


def test_the_models_are_listed_and_shown(tmp_path: Path) -> None:
    """Nine, each with stages and rules."""
    listed = json.loads(lifecycle(tmp_path, "models", "list", "--json").stdout)
    assert len(listed) == 9
    shown = lifecycle(tmp_path, "models", "show", "maturity7").stdout
    assert "Спящий клиент" in shown
    wrong = lifecycle(tmp_path, "models", "show", "maturity8")
    assert (wrong.returncode, "maturity7" in wrong.stderr) == (2, True)


def test_a_model_of_ones_own_runs_from_its_file(tmp_path: Path) -> None:
    """Named in the mapping, checked by `models check`, used by `evaluate`."""
    (tmp_path / "two.yaml").write_text(MODEL)
    (tmp_path / "m.yaml").write_text("version: 1\nrules: [two.yaml]\nmodels: {primary: two}\n")
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "deals.csv").write_text(DEALS)
    checked = lifecycle(tmp_path, "models", "check", "two.yaml")
    assert checked.returncode == 0, checked.stderr
    files = ("--contacts", "contacts.csv", "--deals", "deals.csv", "--config", "m.yaml", "--at", "2026-11-22")
    done = lifecycle(tmp_path, "evaluate", *files)
    assert done.returncode == 0, done.stderr
    assert [row["stage"] for row in json.loads(done.stdout)] == ["inside", "inside", "outside"]


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        ("purchses >= 1", "purchases"),
        ("purchases >= 'many'", "number"),
        ("NOW() > 1", "NOW"),
        ("(SELECT 1) = 1", "SUBQUERY"),
        ("purchases >=", "two.yaml"),
    ],
)
def test_a_fault_in_a_rule_names_file_line_and_cure(tmp_path: Path, rule: str, right: str) -> None:
    """As a compiler would."""
    (tmp_path / "two.yaml").write_text(MODEL.replace("purchases >= 1", rule))
    done = lifecycle(tmp_path, "models", "check", "two.yaml")
    assert done.returncode == 2
    assert "two.yaml:10:" in done.stderr
    assert right in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Cure: ")
    assert "Traceback" not in done.stderr
