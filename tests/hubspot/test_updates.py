"""Refused batches: the good rows land, the bad are named, and few calls are spent on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.errors import CrmProtocolError, CrmRefused, CrmUnavailable
from plugin.hubspot.client.updates import Rows, land

Judge = Callable[[int, str, str], str | None]


class Portal:
    """A CRM that refuses a whole batch for one bad value, as HubSpot does; `hints` says how much it tells."""

    def __init__(self, judge: Judge, hints: str = "property") -> None:
        self.judge = judge
        self.hints = hints
        self.calls = 0
        self.stored: Rows = {}

    def send(self, rows: Rows) -> dict[str, Any]:
        self.calls += 1
        assert 0 < len(rows) <= 100
        for number, values in rows.items():
            for name, value in values.items():
                if code := self.judge(number, name, value):
                    raise self._refusal(number, name, value, code)
        for number, values in rows.items():
            self.stored.setdefault(number, {}).update(values)
        results = [
            {"id": str(n), "properties": dict(v), "updatedAt": "2026-11-02T10:00:00.123Z"}
            for n, v in rows.items()
        ]
        return {"status": "COMPLETE", "results": results}

    def _refusal(self, number: int, name: str, value: str, code: str) -> CrmRefused:
        context: dict[str, list[str]] = {}
        message = "Property values were not valid"
        if self.hints in {"property", "value"}:
            context["propertyName"] = [name]
        if self.hints == "value":
            message = f'{value} was not one of the allowed options: [label: "A" value: "a"]'
        if self.hints == "id":
            context["ids"] = [str(number)]
        details = [{"message": message, "code": code, "context": context}] if self.hints != "none" else []
        return CrmRefused(message, status=400, category="VALIDATION_ERROR", details=details)


def batch(size: int = 100, value: str = "a") -> Rows:
    return {number: {"clm_stage": value, "clm_clv": str(number)} for number in range(1, size + 1)}


def only(number: int, name: str = "clm_stage", code: str = "INVALID_OPTION") -> Judge:
    return lambda n, p, _: code if (n, p) == (number, name) else None


def test_a_good_batch_is_one_call() -> None:
    portal = Portal(lambda *_: None)
    result = land(batch(), portal.send)
    assert portal.calls == 1
    assert result.failed == []
    assert result.updated[0].modified_at_ms == 1793613600123
    assert portal.stored == batch()


@pytest.mark.parametrize("bad", [1, 37, 50, 51, 100])
@pytest.mark.parametrize(("hints", "most"), [("none", 15), ("property", 15), ("id", 2)])
def test_one_bad_row_of_a_hundred(bad: int, hints: str, most: int) -> None:
    portal = Portal(only(bad), hints)
    result = land(batch(), portal.send)
    assert portal.calls <= most
    assert [one.id for one in result.failed] == [bad]
    assert portal.stored == {n: v for n, v in batch().items() if n != bad}
    assert len(result.updated) == 99


def test_a_value_quoted_in_the_refusal_finds_its_row_in_two_calls() -> None:
    rows = batch() | {42: {"clm_stage": "gone_option", "clm_clv": "42"}}
    portal = Portal(lambda _n, _p, value: "INVALID_OPTION" if value == "gone_option" else None, "value")
    result = land(rows, portal.send)
    assert portal.calls == 2
    assert [(f.id, f.code, f.property) for f in result.failed] == [(42, "INVALID_OPTION", "clm_stage")]


def test_one_removed_option_in_forty_rows_costs_three_calls() -> None:
    rows = batch() | {n: {"clm_stage": "gone_option", "clm_clv": str(n)} for n in range(1, 41)}
    portal = Portal(lambda _n, _p, value: "INVALID_OPTION" if value == "gone_option" else None, "value")
    result = land(rows, portal.send)
    assert portal.calls == 3
    assert {f.id for f in result.failed} == set(range(1, 41))
    assert len(result.updated) == 60


@pytest.mark.parametrize("code", ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])
def test_a_removed_property_is_reported_and_the_other_fields_go_on(code: str) -> None:
    portal = Portal(lambda _n, name, _v: code if name == "clm_clv" else None)
    result = land(batch(), portal.send)
    assert portal.calls == 2
    assert portal.stored == {n: {"clm_stage": "a"} for n in batch()}
    assert {(f.code, f.property) for f in result.failed} == {(code, "clm_clv")}
    assert len(result.failed) == len(result.updated) == 100


def test_a_retyped_property_is_left_out_after_a_few_rows() -> None:
    portal = Portal(lambda _n, name, _v: "INVALID_DATE" if name == "clm_clv" else None)
    result = land(batch(), portal.send)
    assert portal.calls <= 35
    assert portal.stored == {n: {"clm_stage": "a"} for n in batch()}
    assert sorted(f.id for f in result.failed) == list(batch())
    assert {f.property for f in result.failed} == {"clm_clv"}


def test_a_fault_of_the_request_is_raised_not_spread_over_rows() -> None:
    portal = Portal(lambda *_: "VALIDATION_ERROR", "none")
    with pytest.raises(CrmRefused):
        land(batch(), portal.send)
    assert portal.calls <= 20


def test_an_outage_is_not_a_refusal() -> None:
    def send(_rows: Rows) -> Any:
        raise CrmUnavailable("down", status=503)

    with pytest.raises(CrmUnavailable):
        land(batch(2), send)


def partly(rows: Rows, bad: int, **error: Any) -> dict[str, Any]:
    good = [{"id": str(n), "properties": v} for n, v in rows.items() if n != bad]
    return {
        "results": good,
        "numErrors": 1,
        "errors": [{"category": "OBJECT_NOT_FOUND", "message": "no"} | error],
    }


@pytest.mark.parametrize("error", [{"context": {"ids": ["3"]}}, {}])
def test_a_207_is_settled_row_by_row(error: dict[str, Any]) -> None:
    result = land(batch(5), lambda rows: partly(rows, 3, **error))
    assert [(f.id, f.code) for f in result.failed] == [(3, "OBJECT_NOT_FOUND")]
    assert [u.id for u in result.updated] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"id": "1"}]},
        {"results": [{"id": "1"}, {"id": "9"}]},
        {"results": [{"id": "1"}, {"id": "2"}], "errors": [{"context": {"ids": ["2"]}}]},
        {"results": None},
        {},
    ],
)
def test_results_and_errors_must_add_up(answer: dict[str, Any]) -> None:
    with pytest.raises(CrmProtocolError):
        land(batch(2), lambda _rows: answer)


@settings(max_examples=60, deadline=None)
@given(
    bad=st.sets(st.integers(1, 60), max_size=7),
    hints=st.sampled_from(["none", "property", "value", "id"]),
    values=st.lists(st.sampled_from(["a", "b", "ab", "x"]), min_size=60, max_size=60),
)
def test_whatever_is_bad_the_rest_lands_and_nothing_is_lost(
    bad: set[int], hints: str, values: list[str]
) -> None:
    rows = {n: {"clm_stage": value, "clm_clv": str(n)} for n, value in enumerate(values, 1)}
    portal = Portal(lambda n, p, _v: "INVALID" if n in bad and p == "clm_stage" else None, hints)
    result = land(rows, portal.send)
    landed, failed = {u.id for u in result.updated}, {f.id for f in result.failed}
    assert landed | failed == rows.keys()
    assert portal.stored.keys() == landed
    assert bad <= failed
