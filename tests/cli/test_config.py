"""The commands about the mapping file on a real CRM: written, checked, compared, applied and taken back."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from plugin.errors import ConfigError
from plugin.mapping.load import load_mapping
from tests.support.house import House, differing
from tests.sync.test_commands import home, run, told, world  # noqa: F401 - fixtures

CONTACTS = "id,email,our_nps,demo_booked_on\n1,a@b.example,9,2026-01-02\n2,c@d.example,3,\n"
DEALS = (
    "id,contact_ids,pipeline,dealstage,hs_is_closed_won,amount,closedate,createdate,hs_is_closed\n"
    "7,1,Sales,won,true,12.5,2026-02-01,2026-01-01,true\n8,2,Hiring,met,false,,,2026-01-01,false\n"
)


def test_a_first_file_is_guessed_from_csv_exports(tmp_path: Path) -> None:
    """Without a portal, without a question."""
    (tmp_path / "c.csv").write_text(CONTACTS)
    (tmp_path / "d.csv").write_text(DEALS)
    file = tmp_path / "first.yaml"
    given = ("--contacts", str(tmp_path / "c.csv"), "--deals", str(tmp_path / "d.csv"), "--language", "pl")
    done = run("config", "init", str(file), *given, "--yes")
    assert done.exit_code == 0, done.output
    text = file.read_text()
    assert "pipelines: [Sales]" in text
    assert "nps: our_nps" in text
    assert "language: pl" in text
    assert run("config", "check", str(file)).exit_code == 0
    assert "exists already" in str(run("config", "init", str(file)).exception)


@pytest.mark.parametrize(
    ("links", "customer"),
    [(("7;8", "9"), "company"), (("7;8", ""), "contact"), (("", ""), "contact")],
)
def test_the_customer_is_whom_most_deals_name(tmp_path: Path, links: tuple[str, str], customer: str) -> None:
    """Companies only where most deals name one; the file says what the guess rests on."""
    (tmp_path / "deals.csv").write_text(
        "id,contact_ids,company_ids\n"
        + "".join(f"{n},{links[0]},{links[1]}\n" for n in range(1, 4))
        + "4,7,\n"
    )
    file = tmp_path / "m.yaml"
    done = run("config", "init", str(file), "--deals", str(tmp_path / "deals.csv"), "--yes")
    assert done.exit_code == 0, done.output
    mapping = load_mapping(file)
    assert mapping.customer == customer
    said = "of 4 deals looked at 3 name a company, 4 a contact"
    assert (said in file.read_text()) == (customer == "company")


def test_from_a_first_file_to_a_version_in_force_and_back(home: House, tmp_path: Path) -> None:  # noqa: F811
    """As an admin goes: init, check against the portal, diff, apply, history, rollback."""
    file = tmp_path / "m.yaml"
    assert_init_reads_the_portal(file)
    home.load()
    home.settle()
    file.write_text(
        "version: 1\nthresholds: {lost_fixed_days: 3650}\noutputs: {clm_tier: our_tier}\n"
        "contact: {nps: {property: hs_feedback_last_nps_rating, type: number}}\n"
    )
    before = {i: values["clm_stage"] for i, values in home.standing().items()}
    shown: dict[str, Any] = told("config", "diff", str(file))
    assert_fields_and_moves_are_shown(shown)
    moved = sum(one["customers"] for one in shown["preview"]["moves"])
    assert_the_preview_compares_every_customer(shown, before, moved)
    assert_a_person_reads_what_would_move(run("config", "diff", str(file)).output, moved)
    applied = told("config", "apply", str(file), "--note", "nobody is lost so soon")
    assert applied["applied"]["version"] == 2
    assert applied["properties"] == [f"portal {home.portal_id}, contact: our_tier made"]
    home.settle()
    assert differing(home) == []
    assert moved == sum(before[i] != values["clm_stage"] for i, values in home.standing().items())
    assert_history_tells_both_and_rollback_leads_back(tmp_path / "default.yaml")


def assert_init_reads_the_portal(file: Path) -> None:
    """The first file is right as it is made."""
    done = run("config", "init", str(file), "--from-portal", "--yes")
    assert "Customers: contacts" in done.output
    assert "contact.outreach_dates = Last Contacted, Last Engagement Date;" in " ".join(done.output.split())
    assert done.exit_code == 0, done.output
    assert run("config", "check", str(file)).exit_code == 0
    assert load_mapping(file).customer == "contact"  # the deals of this portal name no company


def assert_fields_and_moves_are_shown(shown: dict[str, Any]) -> None:
    """What the file changes, from what to what, and which properties it makes."""
    fields = {one["field"]: (one["from"], one["to"]) for one in shown["fields"]}
    assert fields["thresholds.lost_fixed_days"] == (365, 3650)
    assert fields["outputs.clm_tier.name"] == ("clm_tier", "our_tier")
    assert fields["contact property hs_feedback_last_nps_rating"] == (None, "number")
    assert shown["properties"]["make"] == ["contact: our_tier"]
    moves = {(one["from"], one["to"]) for one in shown["preview"]["moves"]}
    assert moves
    assert moves <= {("lost", "sleeping"), ("lost", "lead")}


def assert_the_preview_compares_every_customer(
    shown: dict[str, Any], before: dict[int, str], moved: int
) -> None:
    """Beside what stands in the CRM; samples show only what differs."""
    compared = shown["preview"]["compared"]
    assert compared["stages"] == dict(Counter(before.values()).most_common())
    assert (compared["late"], compared["changed"]["clm_stage"]) == (0, moved)
    changed = [one["properties"] for one in shown["preview"]["samples"]]
    assert all(old != new for one in changed for old, new in one.values())
    assert all("clm_value_to_date" not in one for one in changed)


def assert_a_person_reads_what_would_move(said: str, moved: int) -> None:
    """The same in words, and nothing of what does not come about."""
    assert "would change" not in said
    assert f"{moved} customers would move to another" in said
    assert "fitted" not in said
    assert "would be estimated anew from everything that was read" in " ".join(said.split())


def assert_history_tells_both_and_rollback_leads_back(first: Path) -> None:
    """Two versions with who and why; afterwards what is in force is the first one's text."""
    rows = told("config", "history")
    assert [(row["version"], row["source"], row["note"]) for row in rows] == [
        (2, "command", "nobody is lost so soon"),
        (1, "default", "at the first start"),
    ]
    assert rows[0]["who"]
    assert told("config", "rollback")["applied"]["version"] == 3
    first.write_text(run("config", "show").stdout)
    assert run("config", "diff", str(first)).output.startswith("The file says what is in force")


def test_a_wrong_file_is_refused_by_every_command_with_its_line(home: House, tmp_path: Path) -> None:  # noqa: F811
    """The same checks everywhere; the version in force stays."""
    home.load()
    file = tmp_path / "m.yaml"
    file.write_text(
        "version: 1\npurchase: {pipelines: [Salse], won_stages: [nowhere], date: closdate}\n"
        "contact: {cancelled_on: {property: createdate, type: date, format: DD.MM.YYYY}}\n"
        "thresholds: {lost_fixed_day: 3}\nrules: [r.yaml]\n"  # faults of its own beside those in the portal
    )
    (tmp_path / "r.yaml").write_text("conditions: {rich: revenu > 1}\n")
    checked = run("config", "check", str(file), "--portal", "--json")
    assert checked.exit_code == 2
    errors = [one for one in json.loads(checked.stdout) if one["severity"] == "error"]
    assert [(Path(one["file"]).name, one["line"]) for one in errors] == [
        *[("m.yaml", line) for line in (2, 2, 2, 3, 4)],
        ("r.yaml", 1),
    ]
    assert "declared as date, and is of type datetime in the portal" in errors[3]["message"]
    assert any("closedate" in one["cure"] for one in errors)
    file.write_text("version: 1\noutputs: {clm_stage: {values: {loyl: vip}}}\n")
    for command in ("check", "diff", "apply"):
        done = run("config", command, str(file))
        assert done.exit_code != 0
        assert "m.yaml:2:32" in done.output + str(done.exception)
        assert "loyal" in done.output + str(done.exception)
    assert [row["version"] for row in told("config", "history")] == [1]


def test_faults_are_told_also_where_the_portal_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token, nobody at the address, a file that is not YAML; without faults of its own it is an error."""
    file = tmp_path / "m.yaml"
    file.write_text("version: 1\nthresholds: {lost_fixed_day: 3}\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    without = run("config", "check", str(file), "--portal").output
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "t")
    monkeypatch.setenv("HUBSPOT_API_URL", "http://127.0.0.1:9")
    nobody = run("config", "check", str(file), "--portal").output
    for said in (without, nobody):
        assert "m.yaml:2:14: There is no key `lost_fixed_day`" in said
        assert "The portal was not asked: " in said
    assert "HUBSPOT_ACCESS_TOKEN" in without
    file.write_text("version: 1\nthresholds: {lost\n")
    assert "The portal was not asked" in run("config", "check", str(file), "--portal").output
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    file.write_text("version: 1\n")
    assert isinstance(run("config", "check", str(file), "--portal").exception, ConfigError)


def test_a_stage_is_written_as_the_portal_s_own_option(home: House, tmp_path: Path) -> None:  # noqa: F811
    """Value map and label reach the property and every record; several of ours may be one of theirs."""
    home.load()
    home.settle()
    file = tmp_path / "m.yaml"
    file.write_text(
        "version: 1\noutputs:\n"
        "  clm_stage: {name: our_stage, label: Phase, values: {lost: gone, sleeping: gone}}\n"
    )
    before = {i: values["clm_stage"] for i, values in home.standing().items()}
    assert told("config", "apply", str(file))["applied"]["version"] == 2
    home.settle()
    wanted = {"lost": "gone", "sleeping": "gone"}
    assert {i: values["our_stage"] for i, values in home.standing().items()} == {
        i: wanted.get(stage, stage) for i, stage in before.items()
    }
    made = next(one for one in home.client().properties("contact") if one.name == "our_stage")
    assert made.label == "Phase"
    options = [option.value for option in made.options]
    assert "gone" in options
    assert not {"lost", "sleeping"} & set(options)
    assert differing(home) == []


def test_what_reads_a_portal_goes_by_the_version_in_force(
    home: House,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the watched file says by now; what somebody put in force is not undone by the next command."""
    file, rules = tmp_path / "m.yaml", tmp_path / "ours.yaml"
    rules.write_text("segments: [{key: everybody, labels: {en: Everybody}, when: tenure_days >= 0}]\n")
    file.write_text("version: 1\nrules: [ours.yaml]\ncontact: {extras: [jobtitle]}\n")
    shutil.copytree("hubspot-app/src", tmp_path / "hubspot-app/src")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBLIC_URL", "https://crm.example.com")
    home.load()
    home.settle()
    one = str(min(home.standing()))
    assert "everybody" not in told("explain", one)["segments"]
    assert told("config", "apply", str(file))["applied"]["version"] == 2
    assert "everybody" in told("explain", one)["segments"]  # although no LIFECYCLE_CONFIG names the file
    assert "+ contact.propertyChange jobtitle" in told("webhooks", "sync")["changes"]
    monkeypatch.setenv("LIFECYCLE_CONFIG", str(file))
    file.write_text(file.read_text() + "# a word\n")  # changed since it was applied, and not looked at
    back = run("config", "rollback", "1")
    assert "Version 3 is in force" in back.stdout
    assert f"`lifecycle config show 3 --out {file}`" in back.stderr
    assert run("backfill").exit_code == 0
    assert told("config", "history")[0]["version"] == 3
    said = run("explain", one, "--json")
    assert "everybody" not in json.loads(said.stdout)["segments"]
    assert "By version 3 of the configuration, which is in force" in said.stderr
    synced = run("webhooks", "sync", "--json")
    assert json.loads(synced.stdout)["changes"] == ["- contact.propertyChange jobtitle"]
    assert "By version 3 of the configuration, which is in force" in synced.stderr
    looked = json.loads(run("doctor", "--json").stdout)["checks"]
    checks = {one["name"]: one["state"] for one in looked}
    assert (checks["mapping in force"], checks["subscriptions"]) == ("warn", "ok")
    file.write_text(file.read_text() + "# another\n")
    assert run("backfill").exit_code == 0
    assert [row["version"] for row in told("config", "history")][:2] == [4, 3]
    assert "everybody" in told("explain", one)["segments"]
