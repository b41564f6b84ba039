"""Hand-written customers and their expected path through every scheme, in a portal too small for a rhythm.

There silence makes a buyer sleeping after 180 days and lost after 365, counted from the last purchase.
"""

from __future__ import annotations

from datetime import date

import pytest

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.one_path import history
from plugin.mapping.model import Mapping, ModelChoice
from tests.lifecycle.naive import Deal, Person
from tests.lifecycle.worlds import ALL, EPOCH, MAPPING, day, records_of, rhythm

SMALL = rhythm(3, 30.0)
TODAY = date(2026, 1, 1)
Path = dict[str, str]


def at(text: str) -> int:
    """A day as a number."""
    return (date.fromisoformat(text) - EPOCH).days


def sale(text: str, amount: float | None = 100.0, created: str | None = None) -> Deal:
    """A deal won on a day, created on the same one unless said."""
    return Deal(at(created or text), at(text), True, amount)


REGULAR = Person(at("2024-01-01"), [sale("2024-01-10"), sale("2024-02-10"), sale("2024-03-10")])
ONE_TIME = Person(at("2024-01-01"), [sale("2024-02-01", created="2024-01-20")], [at("2024-01-05")])
RETURNING = Person(at("2024-01-10"), [sale("2024-01-10"), sale("2024-02-10"), sale("2024-10-01")])
COLD = Person(at("2024-01-01"), [Deal(at("2024-02-01"), at("2024-03-01"), False)], [at("2024-01-05")])
UNKNOWN = Person(at("2024-01-01"))
QUITTER = Person(
    at("2024-01-10"),
    [sale("2024-01-10"), sale("2024-03-01"), sale("2024-07-01")],
    nps=[(at("2024-03-15"), 10.0)],
    cancelled_on=at("2024-06-01"),
)
BOUND = Person(at("2024-01-10"), [sale("2024-01-10")], contract=[(at("2024-01-10"), at("2025-03-31"))])
NEGOTIATING = Person(at("2024-01-10"), [sale("2024-01-10"), Deal(at("2024-06-01"))])
REFUNDED = Person(at("2024-01-01"), [sale("2024-02-01", 0.0), sale("2024-03-01", -50.0)])

PATHS: dict[str, tuple[Person, dict[str, Path]]] = {
    "a regular buyer who falls asleep and is lost": (
        REGULAR,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-03-10": "loyal",
                "2024-09-07": "sleeping",
                "2025-03-11": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-03-10": "loyalty",
                "2024-09-07": "retention",
                "2025-03-11": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-02-10": "advocacy",
                "2024-09-07": "support",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-03-10": "loyalty",
                "2024-09-07": "retention",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-02-10": "retention",
                "2025-03-11": "value_delivery",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "development",
                "2024-03-10": "retention",
                "2024-09-07": "reactivation",
            },
            "churn5": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-09-07": "reactivation",
                "2025-03-11": "churned",
            },
            "partnership5": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-03-10": "development",
                "2024-09-07": "retention",
            },
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-10": "developing",
                "2024-02-10": "developed",
                "2024-09-07": "sleeping",
                "2025-03-11": "lost",
            },
        },
    ),
    "a one-time buyer": (
        ONE_TIME,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-05": "engaged",
                "2024-01-20": "evaluating",
                "2024-02-01": "new_customer",
                "2024-03-03": "active",
                "2024-07-31": "sleeping",
                "2025-02-01": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-05": "winning",
                "2024-02-01": "sale",
                "2024-03-03": "retention",
                "2025-02-01": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-01-20": "evaluation",
                "2024-02-01": "purchase",
                "2024-02-09": "support",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-02-01": "conversion",
                "2024-03-03": "retention",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-05": "engagement",
                "2024-01-20": "sale",
                "2024-02-09": "value_delivery",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-01-20": "acquisition",
                "2024-03-03": "involvement",
                "2024-07-31": "reactivation",
            },
            "churn5": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-03": "retention",
                "2024-07-31": "reactivation",
                "2025-02-01": "churned",
            },
            "partnership5": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-03": "retention",
            },
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-05": "first_contact",
                "2024-01-20": "nurturing",
                "2024-02-01": "developing",
                "2024-07-31": "sleeping",
                "2025-02-01": "lost",
            },
        },
    ),
    "a sleeping customer who comes back": (
        RETURNING,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-08-09": "sleeping",
                "2024-10-01": "reactivated",
                "2024-12-31": "loyal",
                "2025-03-31": "sleeping",
                "2025-10-02": "lost",
            },
            "path5": {
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-10-01": "loyalty",
                "2025-03-31": "retention",
                "2025-10-02": "exited",
            },
            "clm6": {
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-02-10": "advocacy",
                "2024-08-09": "support",
                "2024-10-01": "advocacy",
                "2025-03-31": "support",
            },
            "relationship5": {
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-10-01": "loyalty",
                "2025-03-31": "retention",
            },
            "value5": {
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-02-10": "retention",
                "2025-10-02": "value_delivery",
            },
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "development",
                "2024-08-09": "reactivation",
                "2024-10-01": "retention",
                "2025-03-31": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-08-09": "reactivation",
                "2024-10-01": "retention",
                "2025-03-31": "reactivation",
                "2025-10-02": "churned",
            },
            "partnership5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-10-01": "development",
                "2025-01-09": "partnership",
                "2025-03-31": "retention",
            },
            "maturity7": {
                "2024-01-10": "developing",
                "2024-02-10": "developed",
                "2024-08-09": "sleeping",
                "2024-10-01": "developed",
                "2025-03-31": "sleeping",
                "2025-10-02": "lost",
            },
        },
    ),
    "a lead whose deal was lost and who went cold": (
        COLD,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-05": "engaged",
                "2024-02-01": "evaluating",
                "2024-03-01": "engaged",
                "2024-07-04": "lead",
                "2024-08-29": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-05": "winning",
                "2024-07-04": "attraction",
                "2024-08-29": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-02-01": "evaluation",
                "2024-03-01": "engagement",
                "2024-07-04": "awareness",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-07-04": "awareness",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-05": "engagement",
                "2024-02-01": "sale",
                "2024-03-01": "engagement",
                "2024-07-04": "acquisition",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-01": "attraction",
            },
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-05": "first_contact",
                "2024-02-01": "nurturing",
                "2024-03-01": "first_contact",
                "2024-08-29": "lost",
            },
        },
    ),
    "somebody of whom nothing is known": (
        UNKNOWN,
        {
            "lifecycle9": {"2024-01-01": "lead"},
            "path5": {"2024-01-01": "attraction"},
            "clm6": {"2024-01-01": "awareness"},
            "relationship5": {"2024-01-01": "awareness"},
            "value5": {"2024-01-01": "acquisition"},
            "growth6": {"2024-01-01": "attraction"},
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {"2024-01-01": "attraction"},
        },
    ),
    "a promoter who cancels and buys again": (
        QUITTER,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-03-15": "loyal",
                "2024-06-01": "lost",
                "2024-07-01": "reactivated",
                "2024-09-30": "loyal",
                "2024-12-29": "sleeping",
                "2025-07-02": "lost",
            },
            "path5": {
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-03-15": "loyalty",
                "2024-06-01": "exited",
                "2024-07-01": "loyalty",
                "2024-12-29": "retention",
                "2025-07-02": "exited",
            },
            "clm6": {
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-03-01": "advocacy",
                "2024-06-01": "support",
                "2024-07-01": "advocacy",
                "2024-12-29": "support",
            },
            "relationship5": {
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-03-15": "loyalty",
                "2024-06-01": "retention",
                "2024-07-01": "loyalty",
                "2024-12-29": "retention",
            },
            "value5": {
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-03-01": "retention",
                "2024-06-01": "value_delivery",
                "2024-07-01": "retention",
                "2025-07-02": "value_delivery",
            },
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2024-03-01": "development",
                "2024-06-01": "reactivation",
                "2024-07-01": "retention",
                "2024-12-29": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-06-01": "churned",
                "2024-07-01": "retention",
                "2024-12-29": "reactivation",
                "2025-07-02": "churned",
            },
            "partnership5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-07-01": "development",
                "2024-12-29": "retention",
            },
            "maturity7": {
                "2024-01-10": "developing",
                "2024-03-01": "developed",
                "2024-06-01": "lost",
                "2024-07-01": "developed",
                "2024-12-29": "sleeping",
                "2025-07-02": "lost",
            },
        },
    ),
    "a buyer whose contract runs": (
        BOUND,
        {
            "lifecycle9": {"2024-01-10": "new_customer", "2024-02-10": "active", "2025-04-01": "lost"},
            "path5": {"2024-01-10": "sale", "2024-02-10": "retention", "2025-04-01": "exited"},
            "clm6": {"2024-01-10": "purchase", "2024-01-18": "support"},
            "relationship5": {"2024-01-10": "conversion", "2024-02-10": "retention"},
            "value5": {"2024-01-10": "sale", "2024-01-18": "value_delivery"},
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2025-04-01": "reactivation",
            },
            "churn5": {"2024-01-10": "acquisition", "2024-02-10": "retention", "2025-04-01": "churned"},
            "partnership5": {"2024-01-10": "acquisition", "2024-02-10": "retention"},
            "maturity7": {"2024-01-10": "developing", "2025-04-01": "lost"},
        },
    ),
    "a buyer in the middle of a new deal": (
        NEGOTIATING,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-11-29": "sleeping",
                "2025-01-10": "lost",
            },
            "path5": {"2024-01-10": "sale", "2024-02-10": "retention", "2025-01-10": "exited"},
            "clm6": {"2024-01-10": "purchase", "2024-01-18": "support"},
            "relationship5": {"2024-01-10": "conversion", "2024-02-10": "retention"},
            "value5": {"2024-01-10": "sale", "2024-01-18": "value_delivery"},
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2024-11-29": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-11-29": "reactivation",
                "2025-01-10": "churned",
            },
            "partnership5": {"2024-01-10": "acquisition", "2024-02-10": "retention"},
            "maturity7": {"2024-01-10": "developing", "2024-11-29": "sleeping", "2025-01-10": "lost"},
        },
    ),
    "somebody with a free order and a refund, which are no purchases": (
        REFUNDED,
        {
            "lifecycle9": {"2024-01-01": "lead", "2024-08-29": "lost"},
            "path5": {"2024-01-01": "attraction", "2024-08-29": "exited"},
            "clm6": {"2024-01-01": "awareness"},
            "relationship5": {"2024-01-01": "awareness"},
            "value5": {"2024-01-01": "acquisition"},
            "growth6": {"2024-01-01": "attraction"},
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {"2024-01-01": "attraction", "2024-08-29": "lost"},
        },
    ),
}
CASES = [(who, model) for who, (_, paths) in PATHS.items() for model in paths]


def with_primary(model: str) -> Mapping:
    """The tests' mapping with a model as the only one."""
    return Mapping(models=ModelChoice(model), contact=MAPPING.contact)


@pytest.mark.parametrize(("who", "model"), CASES)
def test_the_path_of_a_customer_is_the_one_written_by_hand(who: str, model: str) -> None:
    person, paths = PATHS[who]
    mapping = with_primary(model)
    found = history(records_of([person]), mapping, load_models(mapping), SMALL, TODAY, ("contact", 1))
    assert {when.isoformat(): stage for when, stage, _ in found} == paths[model]


def test_every_scheme_has_nine_hand_written_customers() -> None:
    assert {model: sum(model in paths for _, paths in PATHS.values()) for model in ALL} == dict.fromkeys(
        ALL, 9
    )


LEFT_FROM = {
    "2024-01-05": "lead",
    "2024-01-15": "engaged",
    "2024-01-25": "evaluating",
    "2024-02-10": "new_customer",
    "2024-03-20": "active",
    "2024-04-20": "loyal",
    "2024-12-01": "loyal",  # asleep since October: the spell that began then goes on
}


@pytest.mark.parametrize(("quits", "stage"), LEFT_FROM.items())
def test_a_customer_can_be_lost_from_every_stage(quits: str, stage: str) -> None:
    deals = [sale("2024-02-01", created="2024-01-20"), sale("2024-03-15"), sale("2024-04-15")]
    bought = [d for d in deals if d.closed is not None and d.closed <= at(quits)]
    open_ = [Deal(d.created) for d in deals if d.created <= at(quits) < (d.closed or 0)]
    person = Person(at("2024-01-01"), [*bought, *open_], [at("2024-01-10")], cancelled_on=at(quits))
    mapping = with_primary("lifecycle9")
    found = evaluate(records_of([person]), mapping, load_models(mapping), SMALL, day(at(quits) + 3)).frame
    assert found.select("stage", "since", "exited_from").row(0) == ("lost", day(at(quits)), stage)
