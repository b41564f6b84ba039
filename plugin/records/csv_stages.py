"""Whether a deal is open, won or lost, where a CSV file has only its stage: what is not clear is a fault."""

from __future__ import annotations

import re

from plugin.mapping.model import Mapping
from plugin.records.csv_text import Faults, Table

#: HubSpot's default stages, id and label alike once signs are taken out.
_OPEN = {
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
}
_WON, _LOST = {"closedwon", "won"}, {"closedlost", "lost"}
_YES = {"true", "yes", "1", "y"}

State = tuple[str, str]  # (hs_is_closed, hs_is_closed_won)


def state_of(stage: str, mapping: Mapping) -> State | None:
    """What the stage's name says; None: nothing clear. An export writes `Closed won (Sales Pipeline)`."""
    if stage in mapping.purchase.won_stages:
        return ("true", "true")
    plain = re.sub(r"[^a-z]", "", re.sub(r"\s*\([^()]*\)\s*$", "", stage).lower())
    if plain in _WON:
        return ("true", "true")
    if plain in _LOST:
        return ("true", "false")
    return ("false", "false") if plain in _OPEN else None


def add_flags(table: Table, columns: dict[str, int], mapping: Mapping, faults: Faults) -> None:
    """Give the deals `hs_is_closed` and `hs_is_closed_won` where the file lacks them."""
    has_closed, has_won = "hs_is_closed" in columns, "hs_is_closed_won" in columns
    if has_closed and has_won:
        return
    if "dealstage" not in columns and not has_won:
        cure = "Add the columns Deal Stage and Is Closed Won to the export."
        faults.add(table.file, 1, "No column says whether a deal is won (dealstage, hs_is_closed_won).", cure)
        return
    unclear: dict[str, int] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        given = {name: row[place].strip() for name, place in columns.items() if name in _NEEDED}
        state = _known(given, mapping)
        if state is None:
            unclear.setdefault(given.get("dealstage", ""), line)
        row += [flag for flag, have in zip(state or ("", ""), (has_closed, has_won), strict=True) if not have]
    for name in ("hs_is_closed", "hs_is_closed_won"):
        columns.setdefault(name, max(columns.values()) + 1)
    for stage, line in unclear.items():
        cure = "Add the columns Is Closed Won and Is Deal Closed, or name the stage in purchase.won_stages."
        faults.add(table.file, line, f"Nothing says whether the stage {stage!r} is open, won or lost.", cure)


_NEEDED = {"dealstage", "hs_is_closed", "hs_is_closed_won", "closed_lost_reason"}


def _known(given: dict[str, str], mapping: Mapping) -> State | None:
    """The state by the flag that is there, helped by the stage; None: it cannot be told."""
    stage = given.get("dealstage", "")
    named = state_of(stage, mapping)
    if "hs_is_closed_won" in given:
        won = given["hs_is_closed_won"].lower() in _YES
        closed = won or bool(given.get("closed_lost_reason")) or (named or ("", ""))[0] == "true"
        return (str(closed).lower(), given["hs_is_closed_won"])
    if "hs_is_closed" in given and given["hs_is_closed"].lower() not in _YES:
        return (given["hs_is_closed"], "false")
    if named is None and given.get("closed_lost_reason"):
        return ("true", "false")
    return ("", "") if named is None and not stage else named
