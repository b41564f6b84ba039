"""What a language has to say for the account of what was read and what was left out."""

from __future__ import annotations

from typing import NamedTuple

#: Where HubSpot keeps exchange rates.
SETTINGS = "Settings > Account Defaults > Currencies"


class Reason(NamedTuple):
    """Why deals were left out, and what can be done."""

    text: str
    cure: str


class Words(NamedTuple):
    """One language."""

    title: str
    read: str  # the whole line: `parts` is the list of what was read, `money` the clause about it
    kinds: dict[str, str]
    states: dict[str, str]
    none: str  # where there are no deals of any state
    money: str
    counts: dict[str, str]  # all, some or none of the money
    left_out: str
    reasons: dict[str, Reason]
    either: str  # between two properties of which one is enough
    unread: str
    problems: dict[str, str]
    cures: dict[str, str]  # of values that cannot be read: by problem, or `fixed`: nothing can declare them
    example: str
