"""A customer's rhythm as a clause of a sentence: what somebody who looks at the orders would say of them.

The usual gap that silence is measured by is mixed with the portal's; people are told the customer's own gaps,
and of a customer with too few of them that the rhythm is the others'.
"""

from __future__ import annotations

#: Kind of rhythm → the clause; its forms go with the number of days.
CLAUSES: dict[str, dict[str, str]] = {
    "en": {
        "even": "usually every {days:day|# days}",
        "uneven": "half of the pauses between orders took at most {days:# day|# days}",
        "others": "customers here usually order every {days:day|# days}",
    },
    "ru": {
        "even": "обычный интервал: {days:# день|# дня|# дней}",
        "uneven": "половина пауз между заказами не дольше {days:# дня|# дней|# дней}",
        "others": "обычный интервал у клиентов: {days:# день|# дня|# дней}",
    },
    "pl": {
        "even": "zwykły odstęp: {days:# dzień|# dni|# dni}",
        "uneven": "połowa przerw między zamówieniami trwała najwyżej {days:# dzień|# dni|# dni}",
        "others": "zwykły odstęp u klientów: {days:# dzień|# dni|# dni}",
    },
}
#: The facts that the clause is made from.
FACTS = ("own_gap_days", "gap_regularity", "portal_gap_days")


def told(own: float | None, regularity: float | None, portal: float | None) -> tuple[str, int] | None:
    """Which clause, and its whole days: of the own gaps where there are enough; None where nothing is known.

    The own gaps are a rhythm where more than half of them lie between half and twice their median.
    """
    days = portal if own is None else own
    if days is None:
        return None
    whole = max(1, int(days + 0.5))
    if own is None:
        return "others", whole
    return ("even" if (regularity or 0.0) > 0.5 else "uneven"), whole
