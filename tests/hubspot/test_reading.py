"""Reads: batches of the right size, merged and missing ids, pages and associations to their end."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.errors import CrmProtocolError
from plugin.hubspot.client import Association, Record
from tests.hubspot.fake_session import Answer, Sent, fake_crm


def wire(number: int, **properties: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "properties": properties,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00.005Z",
        "archived": False,
    }


def gone(*ids: int) -> dict[str, Any]:
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": [str(one) for one in ids]}}


def test_a_read_goes_out_in_hundreds_and_comes_back_as_records() -> None:
    crm, session, _ = fake_crm(
        lambda s: {"results": [wire(int(one["id"]), amount="5") for one in s.body["inputs"]]}
    )
    result = crm.read("deal", [*range(1, 251), 1], ["amount"])
    assert [len(sent.body["inputs"]) for sent in session.sent] == [100, 100, 50]
    assert {sent.path for sent in session.sent} == {"/crm/objects/2026-09/deals/batch/read"}
    assert session.sent[0].body["properties"][0] == "amount"
    expected = Record(1, {"amount": "5"}, created_at=1767225600000, modified_at=1767225600005)
    assert result.records[0] == expected
    assert (len(result.records), result.missing, result.aliases) == (250, [], {})


def test_a_read_with_history_goes_out_in_fifties() -> None:
    dated = {
        "dealstage": [{"value": "b", "timestamp": "2026-01-02T00:00:00Z"}, {"value": "a", "timestamp": 5}]
    }

    def answer(sent: Sent) -> Any:
        return {
            "results": [
                wire(int(one["id"])) | {"propertiesWithHistory": dated} for one in sent.body["inputs"]
            ]
        }

    crm, session, _ = fake_crm(answer)
    result = crm.read("deal", range(1, 61), ["amount"], ["dealstage"])
    assert [len(sent.body["inputs"]) for sent in session.sent] == [50, 10]
    assert result.records[0].history == {"dealstage": [(1767312000000, "b"), (5, "a")]}


def test_missing_ids_of_a_207_are_named() -> None:
    crm, _, _ = fake_crm(
        lambda _s: Answer({"results": [wire(1)], "numErrors": 2, "errors": [gone(2, 3)]}, 207)
    )
    result = crm.read("contact", [1, 2, 3], [])
    assert ([one.id for one in result.records], result.missing) == ([1], [2, 3])


@pytest.mark.parametrize(
    "merged",
    [
        {"hs_merged_object_ids": "1;2"},
        {"hs_calculated_merged_vids": "1:1690000000000;2:1690000000001"},
    ],
)
def test_a_merged_id_is_an_alias_of_the_record_that_the_merge_left(merged: dict[str, str]) -> None:
    crm, _, _ = fake_crm(lambda _s: {"results": [wire(9, email="x", **merged), wire(5)]})
    result = crm.read("contact", [1, 2, 5], ["email"])
    assert result.aliases == {1: 9, 2: 9}
    assert result.records[0].properties == {"email": "x"}


def test_a_single_stranger_is_the_alias_of_the_single_open_id() -> None:
    crm, _, _ = fake_crm(lambda _s: {"results": [wire(9)]})
    assert crm.read("deal", [1], []).aliases == {1: 9}


def test_an_id_answered_by_nothing_is_a_protocol_error_not_a_deletion() -> None:
    crm, _, _ = fake_crm(lambda _s: {"results": [wire(1)]})
    with pytest.raises(CrmProtocolError, match="neither a record nor an error for 2 ids"):
        crm.read("deal", [1, 2, 3], [])


def test_another_error_of_a_207_is_not_taken_for_a_deletion() -> None:
    other = {"category": "INTERNAL_ERROR", "context": {"ids": ["2"]}}
    crm, _, _ = fake_crm(lambda _s: Answer({"results": [wire(1)], "errors": [other]}, 207))
    with pytest.raises(CrmProtocolError):
        crm.read("deal", [1, 2], [])


def test_a_page_brings_records_with_their_associations() -> None:
    links = [
        {"id": "7", "type": "deal_to_contact"},
        {"id": "7", "type": "deal_to_contact_unlabeled"},
        {"id": "8", "type": "decision_maker"},
    ]
    one = wire(1, amount="3") | {"associations": {"contacts": {"results": links}}}
    crm, session, _ = fake_crm(lambda _s: {"results": [one], "paging": {"next": {"after": "1"}}})
    page = crm.page("deal", ["amount"], associations=["contact", "company"])
    assert page.after == "1"
    assert page.records[0].associations == {
        "contact": [Association(7, (3,)), Association(8, (), ("decision_maker",))]
    }
    assert session.sent[0].query == {
        "limit": "100",
        "properties": "amount",
        "associations": "contacts,companies",
    }


def test_associations_that_a_page_cut_short_are_read_in_full() -> None:
    cut = {"results": [{"id": "7", "type": "contact_to_deal"}], "paging": {"next": {"after": "x"}}}
    full = [{"toObjectId": n, "associationTypes": [{"typeId": 4, "label": None}]} for n in (7, 8, 9)]

    def answer(sent: Sent) -> Any:
        if sent.method == "GET":
            return {"results": [wire(1) | {"associations": {"deals": cut}}, wire(2)]}
        assert sent.path == "/crm/associations/2026-09/contacts/deals/batch/read"
        assert sent.body == {"inputs": [{"id": "1"}]}
        return {"results": [{"from": {"id": "1"}, "to": full}]}

    crm, _, _ = fake_crm(answer)
    page = crm.page("contact", [], associations=["deal"])
    assert [link.to_id for link in page.records[0].associations["deal"]] == [7, 8, 9]


def test_a_page_whose_url_would_be_too_long_reads_by_batch() -> None:
    names = [f"a_property_with_a_long_name_{n:04}" for n in range(600)]

    def answer(sent: Sent) -> Any:
        if sent.method == "GET":
            assert "properties" not in sent.query
            return {
                "results": [wire(1) | {"associations": {"deals": {"results": [{"id": "3", "type": "x"}]}}}]
            }
        return {"results": [wire(1, **dict.fromkeys(names, "v"))]}

    crm, _, _ = fake_crm(answer)
    (one,) = crm.page("contact", names, associations=["deal"]).records
    assert one.properties[names[-1]] == "v"
    assert [link.to_id for link in one.associations["deal"]] == [3]


def test_associations_follow_each_records_own_cursor() -> None:
    def answer(sent: Sent) -> Any:
        results = []
        for one in sent.body["inputs"]:
            start = int(one.get("after", 0))
            total = 5 if one["id"] == "1" else 1
            ids = range(start, min(start + 2, total))
            row: dict[str, Any] = {"from": {"id": one["id"]}, "to": [{"toObjectId": 100 + n} for n in ids]}
            if start + 2 < total:
                row["paging"] = {"next": {"after": str(start + 2)}}
            results.append(row)
        return {"results": results}

    crm, session, _ = fake_crm(answer)
    found = crm.associations("contact", "deal", [1, 2])
    assert [link.to_id for link in found[1]] == [100, 101, 102, 103, 104]
    assert [link.to_id for link in found[2]] == [100]
    assert [len(sent.body["inputs"]) for sent in session.sent] == [2, 1, 1]


def test_associations_go_out_in_thousands_and_none_is_an_empty_list() -> None:
    error = {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
    crm, session, _ = fake_crm(lambda _s: Answer({"results": [], "numErrors": 1, "errors": [error]}, 207))
    found = crm.associations("deal", "contact", range(1, 1501))
    assert [len(sent.body["inputs"]) for sent in session.sent] == [1000, 500]
    assert found == {number: [] for number in range(1, 1501)}


def test_a_cursor_that_does_not_move_ends_in_an_error_not_in_a_loop() -> None:
    crm, _, _ = fake_crm(lambda _s: {"results": [{"from": {"id": "1"}, "paging": {"next": {"after": "2"}}}]})
    with pytest.raises(CrmProtocolError, match="does not move"):
        crm.associations("deal", "contact", [1])
