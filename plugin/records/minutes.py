"""Moments that are known to the minute, as HubSpot's exports tell them, beside those that are known exactly.

A kept value says so by its form (`2026-11-22T12:34Z`, no seconds), a kept stamp by ending in 59.999 s:
everything modified in that minute is contained. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60_000
_LAST = MINUTE - 1
_FORM = "2026-11-22T12:34Z"


def stamp(minute: int, asked_at: int, lag: int) -> int:
    """The modification stamp (ms) of a row that names only the minute (its start, ms).

    An export that was asked for at `asked_at` holds everything of a minute that had ended `lag` before:
    such a row stands for the whole minute. Of a later one only its beginning is certain.
    """
    return minute + _LAST if minute + MINUTE + lag <= asked_at else minute


def is_whole(kept: int) -> bool:
    """Whether a kept stamp stands for its whole minute."""
    return kept % MINUTE == _LAST


def same_stamp(kept: int, told: int) -> bool:
    """Whether the kept stamp is the one told, or stands for the minute that it lies in."""
    return kept == told or (is_whole(kept) and 0 <= kept - told <= _LAST)


def same_value(kept: str | None, told: str | None) -> bool:
    """Whether the kept text is the one told, or names the minute that it lies in."""
    if (kept or "") == (told or ""):
        return True
    if kept is None or told is None or len(kept) != len(_FORM) or kept[-1:] != "Z" or kept[13:14] != ":":
        return False
    return text_of(told) == kept


def text_of(told: str) -> str | None:
    """The minute, in UTC, of an exact ISO 8601 moment (`2026-11-22T12:34:56.789Z`); None: it is none."""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if moment.tzinfo is not None else None
