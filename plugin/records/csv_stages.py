"""What a deal's stage says in a CSV file: open, won or lost, and which id of the default pipeline it is.

An export shows labels where the mapping has ids. What a label does not make clear is a fault.
"""

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
_IDS = {*_OPEN, "closedwon", "closedlost"}
#: The default pipeline's label and id, and where an export writes a stage's pipeline.
_DEFAULT = {"sales pipeline", "default"}
_PIPELINE = re.compile(r"\s*\(([^()]*)\)\s*$")
_YES = {"true", "yes", "1", "y"}

#: What names of stages say in words; `Not won` says neither.
_SAYS_WON = re.compile(r"(closed)?won|gewonnen|wygran[aey]|выигран[аоы]?")
_SAYS_LOST = re.compile(r"(closed)?lost|verloren|przegran[aey]|проигран[аоы]?")
_NOT = {"not", "no", "never", "nicht", "nie", "не"}

State = tuple[str, str]  # (hs_is_closed, hs_is_closed_won)


def state_of(stage: str, mapping: Mapping) -> State | None:
    """What the stage's name says; None: nothing clear. An export writes `Closed won (Sales Pipeline)`."""
    if stage in mapping.purchase.won_stages:
        return ("true", "true")
    if stage in {*mapping.purchase.lost_stages, *mapping.purchase.refund_stages}:
        return ("true", "false")
    plain = _plain(stage)
    if plain in _WON:
        return ("true", "true")
    if plain in _LOST:
        return ("true", "false")
    return ("false", "false") if plain in _OPEN else None


def _plain(stage: str) -> str:
    """A stage's label without its pipeline and signs; of the default pipeline that is its id."""
    return re.sub(r"[^a-z]", "", _PIPELINE.sub("", stage).lower())


def outcome_said(stage: str) -> str:
    """`won` or `lost` where the words of a stage's name say so and nothing else; a guess, to be told."""
    words = re.sub(r"[\W_]+", " ", stage.lower()).split()
    said = {"won" for word in words if _SAYS_WON.fullmatch(word)}
    said |= {"lost" for word in words if _SAYS_LOST.fullmatch(word)}
    return said.pop() if len(said) == 1 and not _NOT & {*words} else ""


def to_ids(table: Table, columns: dict[str, int], mapping: Mapping) -> None:
    """Where the mapping names the default pipeline or its stages by id, turn their labels into these."""
    chosen = mapping.purchase
    stages = {*chosen.won_stages, *chosen.lost_stages, *chosen.refund_stages}
    pipeline, stage = columns.get("pipeline"), columns.get("dealstage")
    for row in table.rows:
        default = pipeline is None or row[pipeline].strip().lower() in _DEFAULT
        if pipeline is not None and default and row[pipeline].strip() not in chosen.pipelines:
            row[pipeline] = "default" if "default" in chosen.pipelines else row[pipeline]
        if stage is None or row[stage].strip() in stages or not default:
            continue
        named = _PIPELINE.search(row[stage])
        if _plain(row[stage]) in stages & _IDS and (named is None or named[1].lower() in _DEFAULT):
            row[stage] = _plain(row[stage])


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
    states, cure = _cure(mapping)
    for stage, line in unclear.items():
        faults.add(table.file, line, f"Nothing says whether the stage {stage!r} is {states}.", cure)


def _cure(mapping: Mapping) -> tuple[str, str]:
    """What a stage may be of which nothing is said, and what to do: by the lists that the mapping has."""
    chosen, rest = mapping.purchase, "a stage in neither list is open then."
    if chosen.won_stages:
        cure = f"Add the column Is Deal Closed, or name the lost stages in purchase.lost_stages: {rest}"
        return "open or lost", cure
    if chosen.lost_stages:
        cure = f"Add the column Is Closed Won, or name the won stages in purchase.won_stages: {rest}"
        return "open or won", cure
    lists = "name the won stages in purchase.won_stages and the lost ones in purchase.lost_stages"
    return "open, won or lost", f"Add the columns Is Closed Won and Is Deal Closed, or {lists}: {rest}"


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
    return ("", "") if named is None and not stage else named or _by_lists(given, mapping)


def _by_lists(given: dict[str, str], mapping: Mapping) -> State | None:
    """A stage that no list names, where the lists tell what it is not: not won, or neither won nor lost."""
    chosen = mapping.purchase
    if chosen.won_stages and "hs_is_closed" in given:
        return ("true", "false")  # it is closed
    return ("false", "false") if chosen.won_stages and chosen.lost_stages else None
