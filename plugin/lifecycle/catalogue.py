"""The facts by name: type, how they move from day to day, and what they mean. No arithmetic here.

`slope` says how a fact moves between two events: 0 stands still, +1 or -1 a day, "ratio" grows by one
usual gap's share a day, "curve" moves in a way of its own, "any" may do anything on any day. `breaks` names
the events at which it may jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FactType = Literal["number", "text", "bool", "date"]
Slope = Literal["still", "up", "down", "ratio", "curve", "any"]


@dataclass(frozen=True)
class Fact:
    """One column that conditions, metrics and reasons may use."""

    name: str
    type: FactType
    meaning: str
    breaks: tuple[str, ...] = ()
    slope: Slope = "still"
    group: str = ""
    whole: bool = False  # shown as a whole number


def _f(  # one line a fact in the table below
    name: str,
    meaning: str,
    breaks: str = "",
    slope: Slope = "still",
    kind: FactType = "number",
    whole: bool = False,
) -> Fact:
    return Fact(name, kind, meaning, tuple(breaks.split()), slope, "", whole)


#: The events at which predictions may jump.
_PREDICTED = "purchases cancelled cancelled_on contract_until"

_TABLE: tuple[tuple[str, tuple[Fact, ...]], ...] = (
    (
        "acquisition",
        (
            _f("channel", "the channel of origin, as the CRM names it, or `other`", kind="text"),
            _f("direction", "inbound (they came to us) or outbound (we approached them)", kind="text"),
            _f("tenure_days", "days since the record was created", "", "up", whole=True),
            _f(
                "company_buyer",
                "a contact without deals whose company bought",
                "company_purchases opened",
                kind="bool",
            ),
        ),
    ),
    (
        "engagement",
        (
            _f("engagements", "days on which the customer did something", "engagement", whole=True),
            _f("days_since_engaged", "days since the last of them", "engagement", "up", whole=True),
            _f("outreaches", "days on which we did something", "outreach", whole=True),
            _f("days_since_outreach", "days since the last of them", "outreach", "up", whole=True),
            _f("days_since_marker", "days since a demo, trial or quote", "markers", "up", whole=True),
            _f("loyalty_activity", "use of a loyalty programme", "loyalty"),
        ),
    ),
    (
        "pipeline",
        (
            _f("open_deals", "deals open", "opened ended", whole=True),
            _f("open_amount", "money in open deals; unknown in the past", "opened ended today"),
            _f(
                "furthest_probability",
                "0-1, of the likeliest open deal; unknown in the past",
                "opened ended today",
            ),
            _f(
                "days_since_deal_moved",
                "days since an open deal was created or moved",
                "pieces ended",
                "up",
                whole=True,
            ),
            _f(
                "days_since_deal_activity",
                "days since any deal was created, moved or closed",
                "deal_activity",
                "up",
                whole=True,
            ),
            _f("lost_deals", "deals lost", "lost_deals", whole=True),
            _f("last_lost_reason", "the reason given for the last one", "lost_deals", kind="text"),
        ),
    ),
    (
        "purchases",
        (
            _f(
                "purchases",
                "days with a won deal: orders of one day are one purchase",
                "purchases",
                whole=True,
            ),
            _f("orders", "won deals", "orders", whole=True),
            _f("days_since_first_purchase", "days since the first purchase", "purchases", "up", whole=True),
            _f("days_since_purchase", "silence: days since the last purchase", "purchases", "up", whole=True),
            _f("usual_gap_days", "own median gap, shrunk to the portal's", "purchases"),
            _f("own_gap_days", "median of the own gaps alone (four purchases or more)", "purchases"),
            _f(
                "gap_regularity",
                "share of the own gaps between half and twice their median (four purchases or more)",
                "purchases",
            ),
            _f(
                "long_gap_days",
                "the gap that nine in ten of the own gaps do not exceed (three purchases or more)",
                "purchases",
            ),
            _f("gap_ratio", "silence divided by the usual gap", "purchases", "ratio"),
            _f("sleeping_after_days", "the silence after which a buyer counts as sleeping", "purchases"),
            _f("lost_after_days", "the silence after which a buyer counts as lost", "purchases"),
            _f(
                "season_until",
                "the day up to which the silence of the same season last year excuses this one",
                "purchases",
                kind="date",
            ),
            _f(
                "season_days_left",
                "days until then; negative afterwards",
                "purchases",
                "down",
                whole=True,
            ),
            _f(
                "days_since_reactivation",
                "days since a purchase that ended a sleep",
                "reactivations",
                "up",
                whole=True,
            ),
            _f(
                "reactivation_gap_days",
                "days without a purchase that the last such purchase ended",
                "reactivations",
                whole=True,
            ),
            _f("revenue", "money received, net of refunds", "money"),
            _f("profit", "profit on it", "money"),
            _f("refunds", "money given back, as a positive amount", "money"),
            _f("average_order_value", "revenue by order of known amount", "money"),
            _f("purchases_recent", "purchases in the last trend window", "purchases recent", whole=True),
            _f(
                "purchases_before", "purchases in the window before it", "purchases recent before", whole=True
            ),
            _f(
                "activity_trend", "recent by before; unknown below three purchases", "purchases recent before"
            ),
            _f("contract_until", "the day up to which a contract runs", "contract_until", kind="date"),
            _f(
                "contract_days_left",
                "days until then; negative afterwards",
                "contract_until",
                "down",
                whole=True,
            ),
        ),
    ),
    (
        "voice",
        (
            _f("nps", "the last answer, 0-10", "nps"),
            _f("csat", "the last answer, on the portal's scale", "csat"),
            _f("referrals", "people referred", "referrals"),
            _f("reviews", "reviews written", "reviews"),
        ),
    ),
    ("support", (_f("open_tickets", "support tickets open", "open_tickets"),)),
    (
        "explicit",
        (
            _f("cancelled", "a cancellation stands", "cancelled cancelled_on purchases", kind="bool"),
            _f(
                "cancelled_on",
                "the day of the cancellation that stands",
                "cancelled cancelled_on purchases",
                kind="date",
            ),
            _f("churn_reason", "the reason given for leaving", "churn_reason", kind="text"),
        ),
    ),
    (
        "record",
        (
            _f("missing_key_fields", "key fields that are empty", whole=True),
            _f(
                "days_since_key_fields",
                "days since a key field changed, by the history",
                "key_fields",
                "up",
                whole=True,
            ),
        ),
    ),
    (
        "prediction",
        (
            _f("p_alive", "probability of still being a customer", _PREDICTED, "curve"),
            _f(
                "p_no_purchase",
                "probability of no purchase in the next 90 days; under contract of leaving in them",
                _PREDICTED,
                "curve",
            ),
            _f("expected_purchases", "expected purchases in 12 months", _PREDICTED, "curve"),
            _f("clv", "predicted value of the coming 12 months", f"{_PREDICTED} money", "curve"),
            _f("renewals", "renewals of the contract; unknown after notice", _PREDICTED, whole=True),
            _f(
                "renewal_due_on",
                "the day on which the contract's next payment is, or was, due; unknown after notice",
                _PREDICTED,
                kind="date",
            ),
        ),
    ),
    (
        "portal",
        (
            _f("portal_gap_days", "the portal's usual gap"),
            _f("portal_repeaters", "the portal's repeat customers"),
            _f("churn_band_upper", "p_no_purchase above it is high"),
            *(_f(f"recency_cut_{i}", "a fifth of the buyers bought as recently") for i in range(1, 5)),
            *(_f(f"frequency_cut_{i}", "quantile of purchases over buyers") for i in range(1, 5)),
            *(_f(f"money_cut_{i}", "quantile of revenue over buyers") for i in range(1, 5)),
            *(_f(f"value_cut_{i}", "revenue of the tiers' bounds") for i in range(1, 4)),
        ),
    ),
)

#: Every fact by name, in the order shown to people.
FACTS: dict[str, Fact] = {
    fact.name: Fact(fact.name, fact.type, fact.meaning, fact.breaks, fact.slope, group, fact.whole)
    for group, facts in _TABLE
    for fact in facts
}
#: The facts that move along a curve.
CURVED: frozenset[str] = frozenset(name for name, fact in FACTS.items() if fact.slope == "curve")
#: The facts shown as a customer's metrics: all but the portal's own figures.
METRICS: tuple[str, ...] = tuple(name for name, fact in FACTS.items() if fact.group != "portal")


def extra_fact(name: str, kind: FactType = "text") -> Fact:
    """A further mapped property as a fact: a text, unless the mapping declares it to be something else."""
    return Fact(name, kind, "a mapped property", (name,), "still", "property")
