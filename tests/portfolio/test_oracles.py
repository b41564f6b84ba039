"""Sets and sums of random customers, counted plainly, equal what the cells say."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.mapping.model import LOSS_CATEGORIES
from plugin.portfolio import retention, revenue
from plugin.portfolio.cells import added_up
from plugin.portfolio.figures import Figures
from plugin.portfolio.months import SPANS, Period, month_of
from plugin.portfolio.spend import Spend
from plugin.portfolio.view import View
from tests.lifecycle.naive import Person
from tests.lifecycle.worlds import START, day, people, portals, records_of
from tests.portfolio.test_contributions import END, made

NOW = month_of(day(END))
FIRST = month_of(day(START)) - 12
EXAMPLES = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def viewed(texts: list[str]) -> View:
    rows = [row[1:] for row in added_up(texts).iter_rows() if row[0] == "all"]
    figures = Figures.of(rows)
    return View(figures, figures, Spend({}), Period("", FIRST, NOW, ""), NOW)


def spans() -> list[Period]:
    """Every month, quarter and year of the worlds; the last of each is running."""
    return [
        Period("", first, min(first + size - 1, NOW), kind)
        for kind, size in SPANS.items()
        for first in range(FIRST - FIRST % size, NOW + 1, size)
    ]


@EXAMPLES
@given(st.lists(people(), min_size=1, max_size=6), portals)
def test_retention_is_the_intersection_of_two_sets_of_customers(
    persons: list[Person], parameters: object
) -> None:
    """Each customer by itself says at which months' ends it was one; sets of them give every period."""
    texts = made(records_of(persons), parameters, END)
    whole = viewed(list(texts.values()))
    own = {key: viewed([text]) for key, text in texts.items()}

    def there(month: int) -> set[object]:
        return {key for key, view in own.items() if retention.kept_at(view, month) == 1}

    for period in spans():
        start, end = there(period.first - 1), there(period.last)
        found = retention.balance(whole, period)
        assert (found.start, found.end) == (len(start), len(end)), period
        assert found.kept == len(start & end), period
    assert all(retention.kept_at(view, NOW) in (0, 1) for view in own.values())
    assert set(whole.figures.details("loss")) <= set(LOSS_CATEGORIES)


def paid(person: Person, kind: str) -> dict[int, int]:
    """Cents by the first month of each period in which more was paid than given back."""
    found: dict[int, int] = defaultdict(int)
    for deal in person.deals:
        if deal.won and deal.closed is not None and deal.closed <= END and deal.amount is not None:
            month = month_of(day(deal.closed))
            found[month - month % SPANS[kind]] += round(deal.amount * 100)
    return {first: cents for first, cents in found.items() if cents > 0}


@EXAMPLES
@given(st.lists(people(), min_size=1, max_size=6), portals)
def test_revenue_kept_is_what_the_customers_own_payments_say(
    persons: list[Person], parameters: object
) -> None:
    """Base, paid again, capped at each one's base, and back after a pause: of every period."""
    view = viewed(list(made(records_of(persons), parameters, END).values()))
    for period in spans():
        everyone = [paid(person, period.kind) for person in persons]
        before = period.first - SPANS[period.kind]
        pairs = [(one.get(before, 0), one.get(period.first, 0)) for one in everyone]
        held = revenue.held(view, period)
        assert (held.n, held.base) == (sum(b > 0 for b, _ in pairs), sum(b for b, _ in pairs))
        assert held.again == sum(p for b, p in pairs if b)
        assert held.capped == sum(min(b, p) for b, p in pairs)
        back = [
            one[period.first]
            for one, (b, p) in zip(everyone, pairs, strict=True)
            if p and not b and min(one) < before
        ]
        assert (held.back, held.back_n) == (sum(back), len(back))


def test_the_worlds_reach_over_whole_years() -> None:
    """So that a year stands beside a year."""
    assert date(2023, 1, 1) == day(START)
    assert NOW - FIRST > 36
