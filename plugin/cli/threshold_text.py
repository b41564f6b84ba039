"""Limits of silence that do not fit, on a terminal: what was seen, which line to change, what to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugin.cli import show
from plugin.errors import ConfigError
from plugin.mapping.bundle import Bundle, read_bundle
from plugin.mapping.portal_facts import PLURALS
from plugin.mapping.positions import read_yaml

if TYPE_CHECKING:
    from plugin.wiring import Parts

CAUTION = (
    "Only pauses that ended in another purchase count here: of the others nobody knows yet. Nothing was "
    "changed; see what a value would move with `lifecycle config diff FILE`."
)


def with_places(hints: Iterable[dict[str, Any]], said: Bundle | None) -> list[dict[str, Any]]:
    """The hints with `file` and `line` of each threshold; None where the default holds."""
    places, name = (read_yaml(said.body).places, said.name) if said else ({}, "")
    return [hint | _place(places.get(("thresholds", hint["key"])), name) for hint in hints]


def in_force(parts: Parts, portal_id: int) -> Bundle | None:
    """What a portal is computed with, named by its file where that says the same; None: the default."""
    from plugin.records import configs

    with parts.context.store.read() as connection:
        version = configs.current(connection, portal_id)
    path: Path | None = parts.settings.config_path
    if version is None:
        return read_bundle(path) if path else None
    if version.bundle is None or version.source == configs.DEFAULT:
        return None
    try:
        if path and read_bundle(path).digest == version.digest:
            return read_bundle(path)
    except ConfigError:  # the file is gone: the version is still in force
        pass
    return Bundle(f"version {version.number} of the configuration", version.bundle.body)


def _place(place: tuple[int, int] | None, name: str) -> dict[str, Any]:
    return {"file": name, "line": place[0]} if place else {"file": None, "line": None}


def threshold_text(hints: list[dict[str, Any]]) -> Iterator[str]:
    """A paragraph each, and how far they go; nothing where every limit fits."""
    for hint in hints:
        yield show.wrapped(_seen(hint) + _change(hint))
    if hints:
        yield show.wrapped(CAUTION)


def _seen(hint: dict[str, Any]) -> str:
    limit, kind = f"{hint['limit']:g}", f"`{hint['kind']}` begins"
    some = (
        f"of {show.counted(hint['pauses'], 'pause')} between purchases that this limit decided on "
        f"({hint['customers']:,} {PLURALS[hint['object_type']]})"
    )
    if hint["misfit"] == "too_short":
        share = round(100 * hint["exceeded"] / hint["pauses"])
        return (
            f"thresholds.{hint['key']} is short: {some} {share} % were longer than the {limit} days after "
            f"which {kind}, and ended in another purchase all the same."
        )
    return (
        f"thresholds.{hint['key']} is long: {some} half were over within "
        f"{_days(hint['median'])} and 95 % within {hint['most']:,}, but {kind} after {limit}: "
        "who leaves is noticed late."
    )


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"


def _change(hint: dict[str, Any]) -> str:
    where = f"{hint['file']}:{hint['line']}" if hint.get("line") else "not in the file: the default holds"
    also = "".join(f", and with it {key}: {value}" for key, value in hint["also"].items())
    return (
        f" To try: {hint['key']}: {hint['value']} ({where}){also}. Of the {hint['returned']:,} "
        f"{PLURALS[hint['object_type']]} with such pauses in the last two years at most {hint['target']} % "
        f"ever paused longer than that and came back.{_deals(hint)}"
    )


def _deals(hint: dict[str, Any]) -> str:
    if hint["deal_days"] is None:
        return ""
    return (
        f" With an open deal `{hint['kind']}` waits until the deal has stood still for "
        f"{hint['deal_days']:g} days (evaluating_within_days)."
    )
