"""How commands show things on a terminal: progress bars and tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from plugin.records.parked import Parked

LINE_SECONDS = 10.0
#: What `status` says of a portal: key in its JSON → heading for people.
PORTAL_COLUMNS = {
    "portal_id": "portal",
    "mode": "mode",
    "pending": "to compute",
    "inbox": "events",
    "unwritten": "to write",
    "parked": "given up",
    "lag_seconds": "waiting, s",
}
PORTAL_WORDS = (
    "To compute: records and customers; events: received, not applied yet; to write: customers whose values "
    "may be written now; given up: `lifecycle parked list` says why; waiting: how long the oldest has waited."
)


class Bar(Protocol):
    """Something that shows how far work has come."""

    def __call__(self, label: str, done: int, total: int) -> None:
        """So much of `total` is done of the part named `label`."""

    def say(self, sentence: str) -> None:
        """Something to be told beside the counts."""


@contextmanager
def progress(*, hidden: bool = False) -> Iterator[Bar]:
    """A progress display on standard error; without a terminal a line every ten seconds, and at the end."""
    console = Console(stderr=True)
    if hidden or not console.is_terminal:
        yield _Lines(silent=hidden)
        return
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, TimeRemainingColumn(), console=console) as shown:
        yield _Bars(shown)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class _Bars:
    def __init__(self, shown: Progress) -> None:
        self.shown = shown
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, label: str, done: int, total: int) -> None:
        if label not in self.tasks:
            self.tasks[label] = self.shown.add_task(label, total=total)
        self.shown.update(self.tasks[label], completed=done, total=max(total, done))

    def say(self, sentence: str) -> None:
        self.shown.console.print(sentence)


class _Lines:
    """Lines for a log: counts with their totals, the rate, and the time left."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self.finished: set[str] = set()
        self.begun: dict[str, tuple[float, int]] = {}  # label → when it began, and with how many done
        self.printed = time.monotonic()

    def __call__(self, label: str, done: int, total: int) -> None:
        now = time.monotonic()
        since, before = self.begun.setdefault(label, (now, done))
        ended = done >= total
        if label in self.finished or not (ended or now - self.printed >= LINE_SECONDS):
            return
        self.printed = now
        self.finished |= {label} if ended else set()
        rate = (done - before) / (now - since) if now > since else 0.0
        if ended:
            self.say(f"{label}: {done:,}")
        elif rate > 0:
            left = (total - done) / rate
            self.say(f"{label}: {done:,} of {total:,} ({rate:,.0f}/s, {left:,.0f} s left)")
        else:
            self.say(f"{label}: {done:,} of {total:,}")

    def say(self, sentence: str) -> None:
        if not self.silent:
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is the display


def counted(number: int, noun: str) -> str:
    """So many of a thing: "1 call", "2 calls"; nouns in y: "2 companies"."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


def wrapped(text: str, indent: str = "") -> str:
    """A sentence in lines of the terminal's width, never cut within a word."""
    width = max(shutil.get_terminal_size((100, 24)).columns, 40)
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
    return "\n".join(lines)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as text; its title may be wider than the table. No heading is cut within a word."""
    console, least = Console(), [max(map(len, name.split()), default=0) for name in columns]
    tight = sum(least) + 3 * len(least) + 1 > console.width  # a column has two spaces and a line
    made = Table(padding=(0, 0 if tight else 1))
    for position, name in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[position], int | float) for row in rows)
        side: Literal["left", "right"] = "right" if numbers else "left"
        made.add_column(name, justify=side, overflow="fold", min_width=least[position])
    for row in rows:
        made.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    with console.capture() as captured:
        console.print(Text(title, style="bold"))
        console.print(made)
    return captured.get().rstrip()


def status_text(status: dict[str, Any], labels: Mapping[int, Mapping[str, str]] | None = None) -> str:
    """How everything stands, for people; `labels`: of each portal's stages, by their keys."""
    if not status["portals"]:
        return "No portal is installed yet. Run `lifecycle install`."
    rows = [
        [str(portal["portal_id"]), *(portal[name] for name in list(PORTAL_COLUMNS)[1:])]
        for portal in status["portals"]
    ]
    parts = [table("Portals", list(PORTAL_COLUMNS.values()), rows), wrapped(PORTAL_WORDS)]
    for portal in status["portals"]:
        if portal["stages"]:
            parts.append(_stages_table(portal, (labels or {}).get(portal["portal_id"], {})))
        parts += _mode_lines(portal)
        parts.extend(f"Given up: {count} × {code}" for code, count in portal["causes"].items())
        parts += _config_lines(portal)
        if portal["backfill"] and portal["backfill"]["state"] not in ("done", "computing"):
            parts.append(_load_text(portal["backfill"]))
        parts.extend(
            f"The derived fact {one['fact']} is unknown for some: {one['problem']}."
            for one in portal["facts_failed"]
        )
        if portal["crm_error"]:
            parts.append(f"The CRM does not answer: {portal['crm_error']['message']}")
        if portal["parameters_version"] is not None:
            parts.extend(map(wrapped, prediction_lines(portal["predictions"])))
        if portal["parameters_version"] is None:
            parts.append("Nothing is computed before the first complete read: run `lifecycle backfill`.")
            parts.append(lanes_text(portal["lanes"]))
    if refused := status.get("config_refused"):
        said = f"The mapping file {refused['file']} is not in force: {refused['message']}"
        parts.append(f"{said.rstrip()} {refused['cure']}")
    return "\n".join([*parts, "Settled." if status["settled"] else "Work is under way."])


def _stages_table(portal: dict[str, Any], labels: Mapping[str, str]) -> str:
    """How many customers are in each stage, by label and key; `lifecycle export` wants the key."""
    counts = sorted(portal["stages"].items(), key=lambda item: -item[1])
    rows = [[labels.get(key, key), key, n] for key, n in counts]
    return table(f"Customers of {portal['portal_id']}", ["stage", "key", "customers"], rows)


def _mode_lines(portal: dict[str, Any]) -> list[str]:
    """To whom is not written, and what opens it."""
    if portal["mode"] == "observe":
        return ["Observe mode: nothing is written to records before `lifecycle go-live`."]
    if portal["mode"] == "live" and portal["share"] < 100:
        return [f"Written to {portal['share']} % of the customers: `lifecycle go-live` for all."]
    return []


def _config_lines(portal: dict[str, Any]) -> list[str]:
    """What is to be said of the configuration: how far it is, and values that it cannot read."""
    state, lines = portal["config"], []
    if not state["in_force"]:
        lines.append(
            f"A new configuration: {state['customers_waiting']:,} customers wait to be computed again."
        )
    if state["error"]:
        lines.append(f"It cannot go on: {state['error']['message']} Cure: {state['error']['cure']}")
    if portal["account"]:
        from plugin.lifecycle.reading import account_lines

        lines += [wrapped(one) for one in account_lines(portal["account"])]
    return lines


def prediction_lines(predictions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why there are none of an object type; a fit that waits for a yes."""
    lines = []
    for object_type, one in predictions.items():
        if not one["published"]:
            lines.append(f"No predictions for {object_type} customers: {'; '.join(one['reasons'])}.")
        if one["waiting"] is not None:
            lines.append("A fit that moves the total value far waits: `lifecycle clv show`, `clv adopt`.")
    return lines


def lanes_text(lanes: dict[str, Any]) -> str:
    """How a whole load goes, and why not otherwise; `lanes` as the status has them."""
    read, write = lanes["read"], lanes["write"]
    if read["because"] == write["because"]:
        return f"A load reads by {read['lane']} and writes by {write['lane']}: {read['because']}."
    return (
        f"A load reads by {read['lane']} ({read['because']}) and writes by {write['lane']} "
        f"({write['because']})."
    )


def _load_text(load: dict[str, Any]) -> str:
    said = f"Whole load ({load['state']}): {load['records']:,} of {load['expected']:,} records read"
    said += f" by {load['lane']}" + (f" ({load['lane_because']})" if load["lane_because"] else "")
    if load["per_second"] and load["seconds_left"] is not None:
        said += f", {load['per_second']:,.0f}/s, {load['seconds_left']:,.0f} s left"
    return said + (f"; resumes at {load['resumes_at']}." if load["resumes_at"] else ".")


def parked_text(rows: Sequence[Parked]) -> str:
    """What was given up, for people."""
    if not rows:
        return "Nothing was given up."
    cells = [
        [f"{row.object_type} {row.object_id or ''}".rstrip(), row.work, row.cause, row.cure] for row in rows
    ]
    return table("Given up", ["record", "work", "cause", "cure"], cells)
