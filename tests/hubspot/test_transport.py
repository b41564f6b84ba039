"""Calls that fail: each failure's own rule, waits on the clock, a bounded number of tries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from plugin.errors import CrmAuthError, CrmProtocolError, CrmRateLimited, CrmRefused, CrmUnavailable
from plugin.hubspot.client import TaskInput
from plugin.hubspot.own_budget import NullBudget
from plugin.hubspot.pace import Priority
from plugin.hubspot.protocol.requests import Policy
from tests.hubspot.fake_session import NOON, Answer, Sent, fake_crm

ACCOUNT = {
    "portalId": 7,
    "timeZone": "Europe/Warsaw",
    "companyCurrency": "PLN",
    "uiDomain": "app-eu1.hubspot.com",
}


def script(*answers: Any) -> Any:
    """Each call gets the next answer; the last one stays."""
    left: Iterator[Any] = iter(answers)
    kept: list[Any] = [answers[-1]]

    def handler(_sent: Sent) -> Any:
        answer = next(left, kept[0])
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


class RecordingBudget(NullBudget):
    """Notes what it is asked and told."""

    def __init__(self) -> None:
        self.asked: list[tuple[Priority, Policy]] = []
        self.held: list[tuple[float, Policy, bool]] = []

    def acquire(self, priority: Priority, policy: Policy = "general") -> None:
        self.asked.append((priority, policy))

    def hold(self, seconds: float, policy: Policy = "general", *, daily: bool = False) -> None:
        self.held.append((seconds, policy, daily))


def test_a_good_call_takes_one_from_the_budget_in_its_class() -> None:
    budget = RecordingBudget()
    crm, session, _ = fake_crm(script(ACCOUNT), budget=budget)
    account = crm.with_priority("backfill").account()
    assert (account.time_zone, account.currency) == ("Europe/Warsaw", "PLN")
    assert account.record_link("0-1", 5) == "https://app-eu1.hubspot.com/contacts/7/record/0-1/5"
    assert budget.asked == [("backfill", "general")]
    assert session.sent == [Sent("GET", "/account-info/2026-09/details", {}, None, "t-1")]


def test_a_search_is_taken_from_its_own_allowance() -> None:
    budget = RecordingBudget()
    crm, session, _ = fake_crm(script({"results": [], "total": 4}), budget=budget)
    found = crm.search(
        "deal", [{"propertyName": "a", "operator": "GT", "value": "1"}], ["b"], ["-c"], limit=1
    )
    assert (found.total, budget.asked) == (4, [("live", "search")])
    assert session.sent[0].body == {
        "filterGroups": [{"filters": [{"propertyName": "a", "operator": "GT", "value": "1"}]}],
        "properties": ["b"],
        "sorts": [{"propertyName": "c", "direction": "DESCENDING"}],
        "limit": 1,
    }


@pytest.mark.parametrize(
    "failure",
    [
        Answer(status=500),
        Answer(status=502, body=b"<html>"),
        Answer(status=503),
        Answer(status=423),
        Answer(status=429),
        Answer(status=200, body=b'{"portalId"'),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.ConnectTimeout("away"),
    ],
)
def test_a_passing_failure_is_tried_again_and_each_try_is_budgeted(failure: Any) -> None:
    budget = RecordingBudget()
    crm, session, _ = fake_crm(script(failure, failure, ACCOUNT), budget=budget)
    assert crm.account().portal_id == 7
    assert len(session.sent) == len(budget.asked) == 3


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (Answer(status=429, headers={"Retry-After": "4"}), 4.0),
        (Answer(status=429), 10.0),
        (Answer(status=423), 2.0),
        (Answer(status=477, headers={"Retry-After": "20"}), 20.0),
        (Answer(status=503, headers={"Retry-After": "6"}), 6.0),
    ],
)
def test_no_call_is_made_before_the_wait_is_over(answer: Answer, least: float) -> None:
    crm, _, clock = fake_crm(script(answer, ACCOUNT))
    crm.account()
    assert (clock.moment - NOON).total_seconds() >= least


def test_a_429_holds_the_whole_portal() -> None:
    budget = RecordingBudget()
    crm, _, _ = fake_crm(script(Answer(status=429), ACCOUNT), budget=budget)
    crm.account()
    ((seconds, policy, daily),) = budget.held
    assert seconds >= 10
    assert (policy, daily) == ("general", False)


def test_daily_ends_the_call_and_holds_until_midnight_of_the_account() -> None:
    budget = RecordingBudget()
    spent = Answer(status=429, body={"policyName": "DAILY"})
    crm, session, _ = fake_crm(script(ACCOUNT, spent), budget=budget)
    crm.account()  # now the time zone is known: Warsaw, where noon UTC is 13:00
    with pytest.raises(CrmRateLimited) as caught:
        crm.read("deal", [1], [])
    assert caught.value.retry_after == 11 * 3600
    assert budget.held == [(11 * 3600, "general", True)]
    assert len(session.sent) == 2


@pytest.mark.parametrize(("begun", "hours"), [("2026-10-24T22:30Z", 24.5), ("2026-03-28T23:30Z", 22.5)])
def test_the_day_on_which_the_clocks_change_is_as_long_as_it_is(begun: str, hours: float) -> None:
    """Half past midnight in Warsaw, before an hour comes twice or is left out."""
    spent = Answer(status=429, body={"policyName": "DAILY"})
    crm, _, clock = fake_crm(script(ACCOUNT, spent))
    crm.account()
    clock.moment = datetime.fromisoformat(begun)
    with pytest.raises(CrmRateLimited) as caught:
        crm.read("deal", [1], [])
    assert caught.value.retry_after == hours * 3600


def test_a_migration_of_a_day_is_given_back_not_slept_through() -> None:
    crm, session, clock = fake_crm(script(Answer(status=477, headers={"Retry-After": "86400"})))
    with pytest.raises(CrmUnavailable) as caught:
        crm.account()
    assert caught.value.retry_after == 86400
    assert (len(session.sent), clock.moment) == (1, NOON)


@pytest.mark.parametrize("priority", ["interactive", "live", "backfill"])
@pytest.mark.parametrize("failure", [Answer(status=503), Answer(status=429), requests.ReadTimeout("slow")])
def test_tries_are_bounded_and_end_with_the_error(priority: Priority, failure: Any) -> None:
    crm, session, clock = fake_crm(script(failure), priority=priority)
    with pytest.raises((CrmUnavailable, CrmRateLimited)) as caught:
        crm.account()
    assert caught.value.retry_after is not None
    assert len(session.sent) <= 8
    assert (clock.moment - NOON).total_seconds() <= 60


@pytest.mark.parametrize(("status", "kind"), [(400, CrmRefused), (403, CrmAuthError), (404, CrmRefused)])
def test_a_refusal_is_raised_at_once(status: int, kind: type[Exception]) -> None:
    crm, session, _ = fake_crm(script(Answer(status=status)))
    with pytest.raises(kind):
        crm.account()
    assert len(session.sent) == 1


def test_a_torn_answer_that_stays_torn_is_a_protocol_error() -> None:
    crm, session, _ = fake_crm(script(Answer(body=b"{")))
    with pytest.raises(CrmProtocolError):
        crm.account()
    assert len(session.sent) == 3


def test_a_token_renewed_meanwhile_is_used_at_once() -> None:
    tokens = iter(["old", "new", "new"])
    crm, session, _ = fake_crm(script(Answer(status=401), ACCOUNT), token=lambda: next(tokens))
    crm.account()
    assert [sent.token for sent in session.sent] == ["old", "new"]


def test_the_same_token_is_not_tried_twice() -> None:
    crm, session, _ = fake_crm(script(Answer(status=401)))
    with pytest.raises(CrmAuthError):
        crm.account()
    assert len(session.sent) == 1


TASK = TaskInput("Call", "Ask why", 1793613600000, "contact", 5)


@pytest.mark.parametrize("failure", [Answer(status=502), requests.ReadTimeout("slow")])
def test_a_creation_of_unknown_outcome_is_not_repeated(failure: Any) -> None:
    crm, session, _ = fake_crm(script(failure, {"results": [{"id": "1"}]}))
    with pytest.raises(CrmUnavailable):
        crm.create_tasks([TASK])
    assert len(session.sent) == 1


@pytest.mark.parametrize("failure", [Answer(status=429), Answer(status=423), requests.ConnectTimeout("away")])
def test_a_creation_that_surely_did_not_happen_is_repeated(failure: Any) -> None:
    crm, session, _ = fake_crm(script(failure, {"results": [{"id": "1"}]}))
    assert crm.create_tasks([TASK]) == [1]
    (made,) = session.sent[1].body["inputs"]
    assert made["associations"] == [
        {"to": {"id": "5"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]}
    ]


def test_the_breaker_stops_calls_to_a_portal_that_keeps_failing() -> None:
    crm, session, clock = fake_crm(script(Answer(status=503)), priority="interactive")
    for _ in range(20):
        with pytest.raises(CrmUnavailable):
            crm.account()
    calls = len(session.sent)
    assert calls < 20  # twenty calls of three tries would be sixty
    clock.sleep(120)
    session.handler = script(ACCOUNT)
    assert crm.account().portal_id == 7
    assert crm.account().portal_id == 7
    assert len(session.sent) == calls + 2
