"""Whether a column that is called like money holds shares instead: percents or rates, and no sums. Pure.

A margin of 35 beside amounts of thousands is 35 %, not 35 euros: taken for money it would make value nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from plugin.mapping.flow import remark
from plugin.mapping.portal_facts import PropertyFacts

#: Signs and words of a share in a header or a name (where `_` parts words).
_SHARE = re.compile(
    r"%|(?<![a-z])(per ?cents?|percentages?|pct|rates?|ratios?|prozent\w*|procent\w*)(?![a-z])|процент"
)
#: Values up to this may be percents; amounts are far larger where half of them are more than ten times that.
_PERCENTS = 100
_FAR = 10


def called_a_share(one: PropertyFacts) -> bool:
    """Whether its header or its name says that it is a share: `Margin %`, `margin_rate`."""
    return any(_SHARE.search(text.lower().replace("_", " ")) for text in (one.name, one.label))


def why_no_money(one: PropertyFacts, amounts: Iterable[PropertyFacts]) -> str:
    """Why its values are taken for shares of the `amounts` and not for sums of money; "" where they are not.

    Values tell it where all lie within 0 and 100 and half of the amounts are more than ten times the largest.
    """
    if called_a_share(one):
        return f"{remark(one.label)} is a share by its name, not a sum of money"
    sizes = one.spelling.sizes if one.spelling else None
    middles = [have.spelling.sizes.middle for have in amounts if have.spelling and have.spelling.sizes]
    if not sizes or not middles or not 0 <= sizes.least <= sizes.largest <= _PERCENTS:
        return ""
    if not sizes.largest or max(middles) <= _FAR * sizes.largest:
        return ""
    values = f"{sizes.least:g} to {sizes.largest:g}"
    return f"{remark(one.label)} holds {values} beside amounts of about {max(middles):,.0f}: a share, no sum"
