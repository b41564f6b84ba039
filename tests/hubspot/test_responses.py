"""Answers and errors: the table of statuses, error bodies with fields missing, waits by HubSpot's rules."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from requests.structures import CaseInsensitiveDict

from plugin.errors import (
    CrmAuthError,
    CrmError,
    CrmProtocolError,
    CrmRateLimited,
    CrmRefused,
    CrmUnavailable,
)
from plugin.hubspot.protocol.responses import Reply, RowError, error_of, read_answer, row_errors
from plugin.hubspot.protocol.retries import Wait, next_wait


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status, named, content)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, CrmProtocolError),
        (400, CrmRefused),
        (401, CrmAuthError),
        (403, CrmAuthError),
        (404, CrmRefused),
        (409, CrmRefused),
        (414, CrmRefused),
        (423, CrmUnavailable),
        (429, CrmRateLimited),
        (477, CrmUnavailable),
        (500, CrmUnavailable),
        (502, CrmUnavailable),
        (503, CrmUnavailable),
        (504, CrmUnavailable),
        (524, CrmUnavailable),
    ],
)
@pytest.mark.parametrize("body", [None, b"<html>Bad Gateway</html>", b"[]", b'{"errors": {"a": 1}}', {}])
def test_every_status_is_an_error_of_its_kind_whatever_the_body(
    status: int, kind: type[CrmError], body: Any
) -> None:
    with pytest.raises(CrmError) as caught:
        read_answer(reply(status, body))
    assert type(caught.value) is kind
    assert caught.value.status == status


def test_an_error_body_is_read_in_full() -> None:
    body = {
        "status": "error",
        "message": "No",
        "category": "MISSING_SCOPES",
        "correlationId": "c-1",
        "errors": [{"message": "m", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}],
    }
    error = error_of(reply(403, body))
    assert (error.message, error.category, error.correlation_id) == ("No", "MISSING_SCOPES", "c-1")
    assert error.details == body["errors"]
    assert "crm.objects.deals.read" in error.cure


@pytest.mark.parametrize(
    ("body", "policy"),
    [
        ({"policyName": "TEN_SECONDLY_ROLLING"}, "TEN_SECONDLY_ROLLING"),
        ({"policyName": "DAILY"}, "DAILY"),
        ({"policyName": "SECONDLY"}, "SEARCH"),
        (None, "TEN_SECONDLY_ROLLING"),
    ],
)
def test_a_429_names_the_spent_allowance(body: Any, policy: str) -> None:
    error = error_of(reply(429, body))
    assert isinstance(error, CrmRateLimited)
    assert error.policy == policy


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "-3"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({}, None),
        ({"Retry_After": "Mon, 02 Nov 2026 10:00:30 GMT", "Date": "Mon, 02 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry_After": "Mon, 02 Nov 2026 10:00:30 GMT"}, None),
    ],
)
def test_retry_after_in_either_form(headers: dict[str, str], seconds: float | None) -> None:
    assert error_of(reply(503, **headers)).retry_after == seconds


def test_a_good_answer_is_its_json_and_a_torn_one_a_protocol_error() -> None:
    assert read_answer(reply(200, {"a": 1})) == {"a": 1}
    assert read_answer(reply(204)) is None
    with pytest.raises(CrmProtocolError):
        read_answer(reply(200, b'{"results": ['))


def test_row_errors_are_read_nested_and_with_missing_fields() -> None:
    entries: list[dict[str, Any]] = [
        {"category": "OBJECT_NOT_FOUND", "message": "m", "context": {"ids": ["1", "x", 2]}},
        {"errors": [{"code": "INVALID_OPTION", "context": {"propertyName": ["clm_stage"]}}], "context": None},
    ]
    assert row_errors(entries) == [
        RowError((1, 2), "OBJECT_NOT_FOUND", "m", (), "OBJECT_NOT_FOUND"),
        RowError((), "", ""),
        RowError((), "INVALID_OPTION", "", ("clm_stage",)),
    ]


def most(_low: float, high: float) -> float:
    return high


def least(low: float, _high: float) -> float:
    return low


def wait(status: int, attempt: int = 1, body: Any = None, **headers: str) -> tuple[Wait | None, Wait | None]:
    error = error_of(reply(status, body, **headers))
    return next_wait(error, attempt, least), next_wait(error, attempt, most)


def test_a_rolling_429_waits_as_asked_or_ten_seconds_and_never_less() -> None:
    assert wait(429, Retry_After="3") == (Wait(3.0, held=True), Wait(3.4, held=True))
    assert wait(429) == (Wait(10.0, held=True), Wait(11.1, held=True))
    assert wait(429, body={"policyName": "SECONDLY"})[0] == Wait(1.0, held=True)


def test_daily_is_never_hammered() -> None:
    assert wait(429, body={"policyName": "DAILY"}) == (None, None)


def test_a_lock_waits_two_seconds_at_least_and_a_migration_as_long_as_it_says() -> None:
    assert wait(423)[0] == Wait(2.0)
    assert wait(477, Retry_After="86400")[0] == Wait(86400.0, held=True)


def test_outages_back_off_with_full_jitter_up_to_a_ceiling() -> None:
    assert [wait(503, attempt) for attempt in (1, 2, 3, 9)] == [
        (Wait(0.0), Wait(1.0)),
        (Wait(0.0), Wait(2.0)),
        (Wait(0.0), Wait(4.0)),
        (Wait(0.0), Wait(20.0)),
    ]
    assert wait(503, Retry_After="5")[0] == Wait(5.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_refusal_is_not_repeated(status: int) -> None:
    assert wait(status) == (None, None)


def test_a_torn_answer_is_asked_for_again_twice() -> None:
    torn = CrmProtocolError("torn")
    assert [next_wait(torn, attempt, most) is None for attempt in (1, 2, 3)] == [False, False, True]
