"""A preset's mapping file for CSV files, proven on them: they are read by it before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from plugin.errors import InputError
from plugin.jobs.drain import Report
from plugin.lifecycle.reading import Account, account_lines, what_was_read
from plugin.mapping.flow import quoted, remark
from plugin.mapping.load import read_mapping, refuse_faults
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PortalFacts
from plugin.mapping.starting_sources import Doubt, Guess
from plugin.records.csv_files import read_records
from plugin.records.csv_stages import outcome_said, state_of

Files = dict[str, Path | None]  # contacts, deals, companies


def stage_guesses(facts: PortalFacts) -> list[Guess]:
    """The won and the lost stages by their names, where no column says it and the reader does not know them.

    With both, every other stage is open: that is told. One list alone says nothing of the others.
    """
    said = {
        outcome: [one for one in facts.stages if outcome_said(one) == outcome] for outcome in ("won", "lost")
    }
    unclear = [one for one in facts.stages if state_of(one, Mapping()) is None]
    if "hs_is_closed_won" in facts.properties.get("deal", {}) or not unclear or not said["won"]:
        return []
    won = Guess(("purchase", "won_stages"), said["won"], "the stages whose name says won")
    others = [one for one in unclear if not outcome_said(one)]
    if not said["lost"] or not (others or {*unclear} & {*said["lost"]}):
        return [won]
    rest = f"; open are the others: {', '.join(map(remark, others))}" if others else ""
    return [won, Guess(("purchase", "lost_stages"), said["lost"], f"the stages whose name says lost{rest}")]


def read_by(
    name: str,
    text: str,
    files: Files,
    day: date,
    report: Report = lambda *_: None,
    *,
    doubts: Sequence[Doubt] = (),
) -> list[str]:
    """What these files come to by a preset's file `text`, as lines for people.

    `doubts`: the days of purchases of which nothing says how they are written. InputError: the files
    cannot be read by it, or hold no purchase of a customer of its kind.
    """
    mapping, findings = read_mapping(text.encode())
    refuse_faults(f"the preset {name}", findings)
    report("Files read by it", 0, 1)
    try:
        records = read_records(mapping=mapping, **files)
    except InputError as error:
        said = f"The preset {name} does not fit these files. {error.message}"
        raise InputError(said, cure=error.cure) from error
    account = what_was_read(records, mapping, day)
    report("Files read by it", 1, 1)
    if not account["revenue"]["counted"] and not _bought(account):
        _refuse_undated(name, doubts)
        kinds = " or ".join(mapping.customer_objects())
        told = "\n".join(account_lines(account))
        raise InputError(
            f"The preset {name} does not fit these files: no deal is a purchase of a {kinds}.\n{told}\n",
            cure=f"Add files in which won deals name a {kinds}, or take another preset.",
        )
    return account_lines(account)


def undated(given: Iterable[Guess]) -> list[Doubt]:
    """The columns with the days of purchases whose values may be meant in several ways."""
    return [doubt for guess in given if guess.path == ("purchase", "date") for doubt in guess.doubts]


def _refuse_undated(name: str, doubts: Sequence[Doubt]) -> None:
    """InputError: no day of a purchase can be read, as nothing says how they are written."""
    for doubt in doubts:
        ways = " or ".join(doubt.formats())
        raise InputError(
            f"The preset {name} cannot be fitted to these files: no deal is a purchase, because the days in "
            f"{doubt.name} may mean {ways}, as {quoted(doubt.spelling.example)}.",
            cure=f"Say which with --date-format {doubt.formats()[0]}, or on a terminal without --yes.",
        )


def _bought(account: Account) -> bool:
    """Whether a won deal is left that counts, also one without an amount."""
    gone = ("no_customer", "unknown_customer", "no_date", "later")
    left: int = account["read"]["won"] - sum(one["won"] for one in account["left_out"] if one["what"] in gone)
    return left > 0
