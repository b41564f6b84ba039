"""Small worlds that one can count by hand, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from plugin.jobs.figures import of_outcomes
from plugin.jobs.meaning import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, Sources
from plugin.portfolio.answers import Source, metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.spend import Spend
from tests.lifecycle.worlds import rhythm

TODAY = date(2026, 11, 22)
MAPPING = replace(
    Mapping(currency="EUR"),
    contact=replace(Sources(), churn_reason="why", cancelled_on="left_on", nps="nps"),
    loss_reasons={"went with acme": "price"},
)
#: The same with channels in a property of the portal's own, whose values stay as they are.
OWN_CHANNELS = replace(MAPPING, contact=replace(MAPPING.contact, channel="came_from"))

Bought = str | dict[str, str]  # a day, or more of the deal with its `closedate`


def buyer(
    id_: int, created: str, bought: Sequence[Bought], amount: str = "10", **more: str
) -> dict[str, Any]:
    """A contact with one won deal for each day, in `source`."""
    return {"id": id_, "createdate": created, "bought": bought, "amount": amount, **more}


def source(
    people: Sequence[dict[str, Any]],
    spend: Spend | None = None,
    mapping: Mapping = MAPPING,
    lost: int = 0,
    history: Sequence[dict[str, Any]] = (),
) -> Source:
    """The figures of contacts with one won deal for each day they bought, and of some lost deals."""
    deals = [
        {
            "id": one["id"] * 100 + n,
            "contact_ids": [one["id"]],
            "createdate": one["createdate"],
            "amount": one["amount"],
            "dealstage": "closedwon",
            **({"closedate": day} if isinstance(day, str) else day),
        }
        for one in people
        for n, day in enumerate(one["bought"])
    ]
    deals += [
        {
            "id": 900_000 + n,
            "contact_ids": [people[0]["id"]],
            "createdate": "2026-01-01",
            "closedate": "2026-02-01",
            "amount": "7",
            "dealstage": "closedlost",
            "closed_lost_reason": "Too expensive",
        }
        for n in range(lost)
    ]
    contacts = [{k: v for k, v in one.items() if k not in ("bought", "amount")} for one in people]
    records = Records.from_rows(contacts=contacts, deals=deals, history=list(history))
    result = evaluate(records, mapping, load_models(mapping), rhythm(0, None), TODAY)
    return of_outcomes(result, spend or Spend({}))


def figures(where: Source, **asked: Any) -> dict[str, dict[str, Any]]:
    """Every metric by its key."""
    return {one["key"]: one for one in metrics_answer(where, Asked(**asked))["metrics"]}


def forty(day: str = "2026-05-10", created: str = "2026-03-09", **more: str) -> list[dict[str, Any]]:
    """Forty who bought once on a day."""
    return [buyer(i, created, [day], hs_analytics_source="PAID_SEARCH", **more) for i in range(1, 41)]
