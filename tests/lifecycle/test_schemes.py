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
from tests.lifecycle.paths_of_buyers import BUYERS
from tests.lifecycle.paths_of_others import OTHERS
from tests.lifecycle.paths_of_returners import RETURNERS
from tests.lifecycle.persons import at, sale
from tests.lifecycle.worlds import ALL, MAPPING, day, records_of, rhythm

SMALL = rhythm(3, 30.0)
TODAY = date(2026, 1, 1)
PATHS = BUYERS | RETURNERS | OTHERS
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
