"""Limits of silence that do not fit the pauses that customers make are told of, with a value that fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.cli.threshold_text import threshold_text, with_places
from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import fit
from plugin.lifecycle.pauses import Judged, Pauses, Tally
from plugin.lifecycle.records import Records
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.threshold_hints import Hint, hints_of, threshold_hints
from plugin.mapping.bundle import Bundle
from plugin.mapping.checks import clashes
from plugin.mapping.model import DEFAULT_THRESHOLDS, Mapping

TODAY = date(2026, 1, 1)
#: The mapping with a fixed limit: the portal is too small for a rhythm.
FIXED = Mapping()


@cache
def models() -> Models:
    return load_models(FIXED)


def with_limits(**days: float) -> Mapping:
    return replace(FIXED, thresholds=MappingProxyType({**DEFAULT_THRESHOLDS, **days}))


def outcomes_of(
    customers: Iterable[Sequence[int]],
    mapping: Mapping = FIXED,
    contract: dict[int, str] | None = None,
    *,
    opened: bool = False,
) -> Outcomes:
    """Customers by their pauses in days, oldest first; each bought last as long ago as its last number."""
    people, deals = [], []
    for number, (*gaps, since) in enumerate(customers, start=1):
        until = {"until": (contract or {}).get(number)}
        people.append({"id": number, "createdate": "2010-01-01", **until})
        on = TODAY - timedelta(days=since + sum(gaps))
        for pause in (0, *gaps):
            on += timedelta(days=pause)
            won = {"hs_is_closed_won": "true", "hs_is_closed": "true", "amount": "10"}
            deals.append({"id": len(deals) + 1, "contact_ids": [number], "closedate": on.isoformat(), **won})
    if opened:
        deals.append({"id": 0, "contact_ids": [1], "createdate": TODAY.isoformat()})
    records = Records.from_rows(contacts=people, deals=deals)
    return evaluate(records, mapping, models(), fit(records, mapping, TODAY), TODAY, dates=False)


def hints(customers: Iterable[Sequence[int]], **days: float) -> list[Hint]:
    return hints_of(outcomes_of(customers, with_limits(**days)))


def test_a_limit_that_many_pauses_exceeded_is_short_and_one_customer_in_ten_exceeds_the_value_told() -> None:
    """Twenty of forty customers came back after 50 days: `sleeping` at 30 called them asleep before."""
    told = hints([(50, 1)] * 20 + [(10, 1)] * 18 + [(90, 1)] * 2, sleeping_fixed_days=30)
    assert told == [
        Hint(
            *("contact", "sleeping_fixed_days", "sleeping", "too_short", 30.0),
            **{"pauses": 40, "customers": 40, "exceeded": 22, "median": 50, "most": 50},
            **{"returned": 40, "target": 10, "value": 50},
            also={},
        )
    ]


def test_a_limit_far_beyond_nearly_all_pauses_is_long() -> None:
    """Half order within five days: whoever leaves would be noticed after 120."""
    (told,) = hints([(5, 5, 5, 5, 20, 150)] * 10, sleeping_fixed_days=120)
    assert (told.key, told.misfit) == ("sleeping_fixed_days", "too_long")
    assert (told.pauses, told.customers, told.median, told.value) == (50, 10, 5, 20)


def test_the_value_to_try_is_judged_by_customers_since_each_who_exceeds_it_once_is_called_asleep() -> None:
    """One pause in thirty lasts 40 days, but nine customers in ten made one: 5 would send all to sleep."""
    often = [(5,) * 14 + (40,) + (5,) * 15 + (1,)] * 36 + [(5,) * 30 + (1,)] * 4
    mapping = with_limits(sleeping_fixed_days=130)
    (told,) = hints_of(outcomes_of(often, mapping))
    assert (told.misfit, told.most, told.value) == ("too_long", 5, 40)
    tried = outcomes_of(often, with_limits(sleeping_fixed_days=told.value)).frame
    assert tried["days_since_reactivation"].null_count() == len(often)
    # a value that would not be under half of the limit is not worth the change
    assert hints(often, sleeping_fixed_days=79) == []


def test_the_value_to_try_goes_by_the_last_two_years() -> None:
    """What everybody did three years ago is no measure of today; and of nobody lately nothing is said."""
    changed = [(90, *(5,) * 150, 1)] * 10
    told = hints(changed, sleeping_fixed_days=200)
    assert [(one.kind, one.returned, one.value) for one in told] == [("sleeping", 10, 5), ("lost", 10, 5)]
    assert hints([(5, 5, 5, 5, 800)] * 10, sleeping_fixed_days=200) == []


def test_a_limit_that_fits_is_not_spoken_of() -> None:
    """Neither one in five pauses exceeds it, nor is it five times what 95 % take."""
    assert hints([(20, 1)] * 32 + [(90, 1)] * 8, sleeping_fixed_days=60) == []
    assert hints([(20, 120)] * 40, sleeping_fixed_days=100) == []


@pytest.mark.parametrize(
    "customers",
    [[(50, 1)] * 29, [(50,) * 10 + (1,)] * 9, [(700,)] * 40],
    ids=["29 pauses", "9 customers", "pauses that go on"],
)
def test_of_few_completed_pauses_nothing_is_said(customers: list[tuple[int, ...]]) -> None:
    assert hints(customers, sleeping_fixed_days=30, lost_fixed_days=40) == []


def test_what_a_short_record_cannot_show_is_not_called_long() -> None:
    """Forty days of data say nothing of a limit of 300: longer pauses could not have ended yet."""
    short = [(5, 5, 5, 20)] * 20
    assert hints(short, sleeping_fixed_days=300, lost_fixed_days=400) == []
    assert hints([(5, 5, 5, 420)] * 20, sleeping_fixed_days=300, lost_fixed_days=400) != []


def test_a_customers_own_rhythm_is_not_spoken_of_but_the_least_limit_that_overrules_it_is() -> None:
    """With enough repeat customers the limit is 2.5 of the usual gap, unless that is under the least."""
    own = [(40, 40, 40, 1)] * 40
    assert hints(own, rhythm_min_repeaters=10) == []
    fast = [(5, 5, 5, 20, 130)] * 40
    (told,) = hints(fast, rhythm_min_repeaters=10, sleeping_min_days=110)
    assert (told.key, told.misfit, told.value) == ("sleeping_min_days", "too_long", 20)


def test_a_pause_under_a_running_contract_is_no_silence() -> None:
    mapping = with_limits(sleeping_fixed_days=30)
    mapping = replace(mapping, contact=replace(mapping.contact, contract_until="until"))
    told = [hints_of(outcomes_of([(50, 1)] * 40, mapping, dict.fromkeys(some, "2027-01-01"))) for some in
            (range(0), range(1, 41))]  # fmt: skip
    assert [len(one) for one in told] == [1, 0]


def test_that_an_open_deal_puts_the_limit_off_is_said_where_one_is_open() -> None:
    """Won deals alone put nothing off; an open one that moves keeps its customer awake."""
    for opened in (False, True):
        (told,) = hints_of(outcomes_of([(50, 1)] * 40, with_limits(sleeping_fixed_days=30), opened=opened))
        assert told.deal_days == (FIXED.thresholds["evaluating_within_days"] if opened else None)
        text = " ".join(" ".join(threshold_text([asdict(told)])).split())
        assert ("With an open deal `sleeping` waits until the deal has stood still for" in text) == opened


def test_limits_that_no_model_in_use_asks_for_are_not_spoken_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("rules") / "plain.yaml"
    file.write_text(
        "model: plain\nstages: [{key: bought}, {key: other}]\n"
        "rules:\n  - {stage: bought, when: buyer}\n  - stage: other\n"
    )
    mapping = with_limits(sleeping_fixed_days=30)
    mine = load_models(replace(mapping, models=replace(mapping.models, primary="plain")), [file])
    found = outcomes_of([(50, 1)] * 40, mapping)
    assert hints_of(found) != []
    assert hints_of(replace(found, models=mine)) == []


counts = st.dictionaries(st.integers(1, 900), st.integers(1, 30), min_size=1, max_size=12)
limits = st.integers(5, 800)


@settings(max_examples=60, deadline=None)
@given(counts, counts, limits, limits, limits, limits, st.booleans())
def test_with_every_value_taken_nothing_is_told_and_no_limit_is_out_of_order(
    pauses: dict[int, int], longest: dict[int, int], a: int, b: int, c: int, d: int, fixed: bool
) -> None:
    least, second, third, most = sorted((a, b, c, d))
    names = ("sleeping_min_days", "sleeping_max_days", "lost_min_days", "lost_max_days")
    mapping = with_limits(**dict(zip(names, (least, second, third, most), strict=True)))
    if fixed:
        names = ("sleeping_fixed_days", "lost_fixed_days")
        mapping = with_limits(sleeping_fixed_days=least, lost_fixed_days=most)
    tally = Tally()
    tally.days.update(pauses)
    tally.longest.update(longest)
    tally.customers = max(12, tally.returned)
    found = Pauses({("contact", name): Judged(tally, tally) for name in names})
    told = threshold_hints(found, mapping.thresholds)
    new = {key: value for hint in told for key, value in ({hint.key: hint.value} | {**hint.also}).items()}
    after = replace(mapping, thresholds=MappingProxyType({**mapping.thresholds, **new}))
    assert [clash.message for clash in clashes(after) if "_days" in clash.message] == []
    if fixed:
        assert [one for one in threshold_hints(found, after.thresholds) if one.misfit == "too_short"] == []


def test_a_portal_read_in_batches_is_counted_as_when_read_whole() -> None:
    people = [(number % 40 + 1, number % 7 * 9 + 3, number % 90) for number in range(120)]
    fixed = with_limits(rhythm_min_repeaters=1000)
    read = [outcomes_of(some, fixed) for some in (people, people[50:], people[:50])]
    whole, parts = Pauses(), Pauses()
    whole.add(read[0].engines[0], models())
    for part in read[1:]:
        parts.add(part.engines[0], models())
    assert parts == whole
    assert whole.found["contact", "sleeping_fixed_days"].all.pauses == 240


def test_the_text_names_key_line_and_value() -> None:
    told = [asdict(one) for one in hints([(50, 1)] * 30 + [(10, 1)] * 10, sleeping_fixed_days=30)]
    said = Bundle("m.yaml", b"version: 1\nthresholds:\n  sleeping_fixed_days: 30\n")
    placed = with_places(told, said)
    assert [(one["file"], one["line"]) for one in placed] == [("m.yaml", 3)]
    text = " ".join(" ".join(threshold_text(placed)).split())
    assert "of 40 pauses between purchases that this limit decided on (40 contacts) 75 % were longer" in text
    assert "To try: sleeping_fixed_days: 50 (m.yaml:3). Of the 40 contacts with such pauses in the" in text
    assert "last two years at most 10 % ever paused longer than that and came back." in text
    default = " ".join(" ".join(threshold_text(with_places(told, None))).split())
    assert "(not in the file: the default holds)" in default
    assert list(threshold_text([])) == []
