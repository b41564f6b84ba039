"""A preview's parts by themselves: who becomes a sample, why something is empty, what people read of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.cli.compare_text import compare_text
from plugin.cli.preview_text import preview_text
from plugin.lifecycle.models import load_models
from plugin.mapping.model import Mapping, ModelChoice, Output
from plugin.sync.diff import Change
from plugin.sync.options import RuleOptions
from plugin.sync.preview import Preview
from plugin.sync.samples import SAMPLES, Samples
from plugin.sync.tally import Tally

MAPPING = replace(Mapping(customer="company"), models=ModelChoice(secondary=("path5",)))
MODELS = load_models(MAPPING)
OPTIONS = RuleOptions(MODELS)
LABELS = {
    "stages": dict(OPTIONS.stages("lifecycle9", "en")),
    "flags": dict(OPTIONS.risk_flags("en")),
    "levels": dict(OPTIONS.risk_levels("en")),
    "segments": dict(OPTIONS.segments("en")),
    "tiers": dict(OPTIONS.tiers("en")),
    "path5": dict(OPTIONS.stages("path5", "en")),
}
TOO_FEW = {"company": {"published": False, "reasons": ["85 customers, 100 needed"], "waiting": None}}
LANES = {"read": {"lane": "pages", "because": "HUBSPOT_BULK is off"}}
LANES["write"] = {"lane": "batches", "because": "HUBSPOT_BULK is off"}


def body(id_: int, stage: str = "loyal", level: str = "none", **more: Any) -> dict[str, Any]:
    """A customer's outcome, as `Outcomes.to_json` has it."""
    flags = list(more.get("flags", ()))
    written = {
        "clm_stage": stage,
        "clm_reason": f"{id_} orders.",
        "clm_risk_level": level,
        "clm_risk_flags": ";".join(flags),
        "clm_stage_path5": "loyalty",
    }
    return {
        "object": "company",
        "id": id_,
        "stage": stage,
        "stages": {"lifecycle9": stage, "path5": "loyalty"},
        "reason": f"{id_} orders.",
        "risk_level": level,
        "risk_flags": flags,
        "segments": list(more.get("segments", ("active",))),
        "metrics": {"orders": 3, "purchases": more.get("purchases", 2), "tier": more.get("tier", "gold")},
        "written": {**dict.fromkeys((o.name for _, o in MAPPING.written_outputs()), ""), **written},
    }


def previewed(
    bodies: list[dict[str, Any]], mapping: Mapping = MAPPING, standing: dict[str, str] | None = None
) -> Preview:
    """What writing these would change where the CRM has `standing`."""
    found = Preview(mapping, LABELS, predictions=TOO_FEW, lanes=LANES)
    for one in bodies:
        there = standing or {}
        outputs = dict(mapping.outputs)
        wire = {outputs[n].name if n in outputs else n: v for n, v in one["written"].items()}
        wire["clm_stage"] = outputs["clm_stage"].wire(one["stage"])
        new = {name: text for name, text in wire.items() if text != there.get(name, "")}
        change = Change(("company", one["id"]), {name: there.get(name, "") for name in new}, new)
        found.add({**one, "written": wire}, change if new else None, there)
    return found


def test_samples_show_what_is_rare_and_not_the_first_of_the_same_kind() -> None:
    """A thousand alike and four others: all of the others are shown, and shown first."""
    odd = [
        body(2001, "loyal", "high", flags=["overdue"]),
        body(2002, "loyal", "low", flags=["stalled_deal"]),
        body(2003, "loyal", tier="platinum", segments=["active", "rfm_champions"]),
        body(2004, "sleeping", "medium", flags=["sleeping"], segments=["sleeping"]),
    ]
    found = previewed([*(body(i) for i in range(1, 1001)), *odd])
    ids = [one["id"] for one in found.as_dict()["samples"]]
    assert set(ids[:5]) >= {2001, 2002, 2003, 2004}
    assert len(ids) == len(set(ids)) == SAMPLES


STAGES = st.sampled_from(["lead", "active", "loyal", "lost"])
PEOPLE = st.lists(
    st.tuples(
        STAGES, STAGES, st.sampled_from(["none", "low", "high"]), st.sampled_from(["", "overdue", "lost"])
    ),
    max_size=60,
)


@given(PEOPLE)
def test_every_move_and_every_level_is_seen_and_movers_stand_first(people: list[tuple[str, ...]]) -> None:
    """Whatever the portal: up to twenty, no one twice, the most frequent moves first."""
    samples = Samples()
    for number, (was, stage, level, flag) in enumerate(people):
        outcome = body(number, stage, level, flags=[flag] if flag else [])
        samples.offer(outcome, (was, stage), (), lambda n=number, w=was, s=stage: {"id": n, "move": (w, s)})
    chosen = samples.chosen()
    moves = [one["move"] for one in chosen]
    assert len(chosen) == min(SAMPLES, len(people)) == len({one["id"] for one in chosen})
    assert sorted(moves, key=lambda move: move[0] == move[1]) == moves
    counts = Counter((was, stage) for was, stage, _, _ in people if was != stage)
    firsts = [counts[move] for move in dict.fromkeys(moves) if move[0] != move[1]]
    assert firsts == sorted(firsts, reverse=True)
    assert set(counts) <= set(moves) or len(chosen) == SAMPLES


def test_what_is_empty_for_everybody_is_told_with_its_cause() -> None:
    """By property; in the full record the cause stands in the field's place."""
    told = previewed([body(1), body(2, flags=["overdue"])]).as_dict()
    because = {name: one["because"] for one in told["empty"] for name in one["properties"]}
    assert because["clm_clv"] == because["clm_p_alive"] == "no predictions: 85 customers, 100 needed"
    assert because["clm_exited_from"] == "nobody is sleeping or lost"
    assert because["clm_tier"] == "2 buyers, 20 needed to be compared"
    assert "clm_risk_flags" not in because  # one customer has a flag
    assert told["record"]["why_empty"]["clm_churn_risk"] == "no predictions"
    assert told["record"]["why_empty"]["clm_tier"] == "2 buyers, 20 needed to be compared"
    nobody = previewed([body(1, purchases=0)]).as_dict()
    because = {name: one["because"] for one in nobody["empty"] for name in one["properties"]}
    assert because["clm_value_to_date"] == "nobody has bought yet"
    assert because["clm_risk_flags"] == "nobody has a risk flag"
    assert nobody["record"]["why_empty"]["clm_clv"] == "no order yet"


def test_a_stage_that_the_crm_holds_as_its_own_option_is_no_move() -> None:
    """The portal's word for our stage is compared, and told by our key."""
    outputs = {**MAPPING.outputs, "clm_stage": Output("clm_stage", values={"loyal": "vip", "lost": "gone"})}
    mapping = replace(MAPPING, outputs=MappingProxyType(outputs))
    told = previewed([body(1)], mapping, {"clm_stage": "vip"}).as_dict()
    assert told["moves"] == []
    told = previewed([body(1)], mapping, {"clm_stage": "gone"}).as_dict()
    assert told["moves"] == [{"from": "lost", "to": "loyal", "customers": 1}]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of eighty columns."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("narrow")
def test_a_first_preview_fits_a_terminal_and_explains_what_it_shows() -> None:
    """No line is longer than eighty; labels and keys; the cause of emptiness; what RFM compares, once."""
    people = [body(i, flags=["overdue"], segments=["active", "rfm_hibernating"]) for i in range(1, 9)]
    said = preview_text(previewed(people).as_dict())
    plain = " ".join(said.replace("│", " ").split())
    assert max(map(len, said.splitlines())) <= 80
    assert "Loyal loyal 8" in plain
    assert "Loyalty loyalty 8" in plain
    assert plain.count("RFM compares the buyers here with one another") == 1
    assert "clm_next_purchase_on (no predictions: 85 customers, 100 needed)." in plain
    assert "(empty: neither sleeping nor lost)" in plain
    assert "in the CRM" not in said  # nothing stands there yet
    assert "HUBSPOT_BULK" not in said
    assert plain.count("clm_risk_flags = overdue") == 1  # the same for all, told once
    assert plain.count("company 3") == 1
    assert "5 samples" in plain
    assert "`--samples 8` shows more" in plain
    assert "company 8" not in preview_text(previewed(people).as_dict(), 3)
    none = preview_text(previewed([body(1)]).as_dict())
    assert "RFM" not in none


@pytest.mark.usefixtures("narrow")
def test_how_a_load_goes_is_told_where_it_matters() -> None:
    """Where bulk is on, and where the base is large."""
    told = previewed([body(1)]).as_dict()
    lanes = {
        "read": {"lane": "pages", "because": "the portal did not grant crm.export"},
        "write": LANES["write"],
    }
    assert "did not grant crm.export" in " ".join(preview_text({**told, "lanes": lanes}).split())
    assert "HUBSPOT_BULK is off" in " ".join(preview_text({**told, "customers": 50_001}).split())


def test_where_stages_stand_in_the_crm_the_moves_are_shown() -> None:
    told = previewed([body(1), body(2, "active")], standing={"clm_stage": "active"}).as_dict()
    plain = " ".join(preview_text(told).replace("│", " ").split())
    assert "Active (active) Loyal (loyal) 1" in plain
    assert "company 1: active → loyal" in plain


@pytest.mark.usefixtures("narrow")
def test_a_comparison_tells_now_then_and_the_difference_of_what_differs_alone() -> None:
    """And of samples only the values that change, from what to what; the CRM is one line at the end."""
    found = Preview(MAPPING, LABELS, before=Tally(), predictions=TOO_FEW, lanes=LANES)
    for number in range(1, 11):
        kept, outcome = body(number), body(number, "active" if number < 4 else "loyal", flags=["overdue"])
        found.add(outcome, Change(("company", number), {}, {"clm_stage": outcome["stage"]}), {}, kept)
    told = json.loads(json.dumps(found.as_dict()))
    assert told["moves"] == [{"from": "loyal", "to": "active", "customers": 3}]
    assert told["compared"]["stages"] == {"loyal": 10}
    assert told["compared"]["changed"] == {"clm_risk_flags": 10, "clm_stage": 3}
    assert told["samples"][0]["properties"]["clm_stage"] == ["loyal", "active"]
    said = compare_text(told)
    plain = " ".join(said.replace("│", " ").split())
    assert max(map(len, said.splitlines())) <= 80
    assert plain.startswith("3 customers would move to another stage, 7 stay in theirs.")
    assert "Active active 0 3 +3" in plain
    assert "Loyal loyal 10 7 -3" in plain
    assert "Overdue overdue 0 10 +10" in plain
    assert "The same as now: stages of path5, risk levels, segments, tiers." in plain
    assert "The same for all of them: clm_risk_flags: (empty) → overdue" in plain
    assert plain.count("clm_stage_path5") == 0
    assert "Into the CRM: nothing of ours stands there yet, so all 10 customers would be written" in plain
    assert "(it changes" not in plain  # all of them have another value
    assert "Read:" not in said
    assert "not of today" not in said
    found.late = 2
    assert "Of 2 customers what is kept here is not of today" in compare_text(found.as_dict())


def test_a_comparison_says_which_writes_are_the_file_s() -> None:
    """Of four customers one changes; two were never written, one stands there as it was."""
    found = Preview(MAPPING, LABELS, before=Tally(), predictions=TOO_FEW, lanes=LANES)
    there: dict[str, str] = {"clm_stage": "loyal"}
    for number, standing in enumerate(({"clm_stage": ""}, {}, there, there), 1):
        kept, outcome = body(number), body(number, "active" if number == 3 else "loyal")
        new = {"clm_stage": outcome["stage"]} if outcome["stage"] != standing.get("clm_stage") else {}
        change = Change(("company", number), {}, new) if new else None
        found.add(outcome, change, standing, kept)
    said = " ".join(compare_text(found.as_dict()).split())
    wanted = "of 4 customers 3 would be written, whether this file changes them or not (it changes 1), in 1"
    assert f"Into the CRM: {wanted}" in said
