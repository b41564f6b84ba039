"""Commands about what stands in the CRM: reconcile, preview, undo."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from plugin.cli import show
from plugin.cli.portal import as_json_option, only_portal, opened, portal_option, samples_option
from plugin.clock import from_milliseconds, milliseconds
from plugin.errors import ConfigError
from plugin.records.portals import Portal
from plugin.sync import change_sets
from plugin.sync.change_sets import Scope
from plugin.sync.undo import Undone

if TYPE_CHECKING:
    from plugin.jobs.context import Context

PREVIEW_OF_FILE = (
    "This preview shows the version in force; see the file's with `lifecycle preview --config FILE`."
)


@click.command(epilog="Example: lifecycle reconcile --full")
@click.option("--full", is_flag=True, help="Read everything that is kept again, not only what changed.")
@portal_option
@as_json_option
def reconcile(full: bool, portal: int | None, as_json: bool) -> None:
    """Find what no webhook told us, and repair it: changed, deleted, merged or linked otherwise.

    The scheduler does the same every ten minutes, and the full pass once a week.
    """
    from plugin.jobs.reconcile import run_reconcile

    with opened(take_up=True) as parts:
        served = only_portal(parts.context.store, portal)
        with show.progress(hidden=as_json) as bar:
            result = run_reconcile(parts.context, served.portal_id, full=full, report=bar)
    click.echo(json.dumps(result.as_dict()) if as_json else result.as_text())


@click.command(epilog="Example: lifecycle preview --config new.yaml")
@click.option(
    "--config",
    "config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A mapping file to try; default: the one in force.",
)
@samples_option
@portal_option
@as_json_option
def preview(config: Path | None, samples: int, portal: int | None, as_json: bool) -> None:
    """What would be written: stages from where to where, properties, samples with reasons.

    Nothing is written, neither to the CRM nor to the outcomes kept here. Works before the first load, too.
    """
    from plugin import wiring
    from plugin.cli.preview_text import preview_text
    from plugin.cli.threshold_text import in_force, with_places
    from plugin.jobs.preview import run_preview
    from plugin.mapping.bundle import read_bundle

    with opened(instead=PREVIEW_OF_FILE, file=config) as parts:
        served = only_portal(parts.context.store, portal)
        wanted = wiring.rules(config) if config else None
        with show.progress(hidden=as_json) as bar:
            result = run_preview(parts.context, served.portal_id, wanted, bar).as_dict()
        said = read_bundle(config) if config else in_force(parts, served.portal_id)
    result["thresholds"] = with_places(result["thresholds"], said)
    click.echo(json.dumps(result) if as_json else preview_text(result, samples))


@click.command(epilog="Example: lifecycle undo --last")
@click.option("--last", is_flag=True, help="The last change set.")
@click.option("--since", help="What was written from this day or moment on (2026-11-22, 2026-11-22T14:30).")
@click.option("--until", help="What was written before this moment, or up to the end of this day.")
@click.option("--record", "number", type=int, help="Everything written to this record.")
@click.option("--object", "kind", type=click.Choice(["contact", "company"]), help="What the record is.")
@click.option("--list", "only_list", is_flag=True, help="List the last change sets and undo nothing.")
@portal_option
@as_json_option
def undo(
    last: bool,
    since: str | None,
    until: str | None,
    number: int | None,
    kind: str | None,
    only_list: bool,
    portal: int | None,
    as_json: bool,
) -> None:
    """Set back what was written, unless somebody changed it since; that is listed.

    Pauses the portal, so that the same is not written again at once: `lifecycle go-live` opens the writes.
    """
    from plugin.jobs import undo as undoing

    with opened() as parts:
        served = only_portal(parts.context.store, portal)
        context = parts.context.current(served.portal_id)
        if only_list:
            click.echo(_change_sets(context, served, as_json))
            return
        record = (kind or context.mapping.customer_objects()[0], number) if number else None
        zone = context.mapping.time_zone or served.time_zone
        span = (moment_of(since, zone, end=False), moment_of(until, zone, end=True))
        if span[0] is not None and span[1] is not None and span[0] >= span[1]:
            raise click.UsageError("--until is not after --since: no write lies between them.")
        if not last and not record and span == (None, None):
            raise click.UsageError("Say what to undo: --last, --since and --until, or --record ID.")
        chosen = undoing.last_change_set(context, served.portal_id) if last else Scope(None, *span, record)
        with show.progress(hidden=as_json) as bar:
            result = undoing.run_undo(context, served, chosen, last=last, report=bar)
    click.echo(json.dumps(result.as_dict()) if as_json else _undo_text(result))
    if result.refused:
        raise ConfigError(f"HubSpot refused the old values of {result.refused} records.", cure="See the log.")


def moment_of(text: str | None, zone: str, *, end: bool) -> int | None:
    """A day or moment in ms; without an offset in the portal's time zone; `end`: the end of a day."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no day or moment: write 2026-11-22 or 2026-11-22T14:30"
        ) from None
    if len(text) == len("2026-11-22") and end:
        moment += timedelta(days=1)
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def _change_sets(context: Context, served: Portal, as_json: bool) -> str:
    with context.store.read() as connection:
        found = change_sets.listed(connection, served.portal_id, 20)
    for one in found:
        one |= {
            name: from_milliseconds(one[name]).isoformat(timespec="seconds") for name in ("since", "until")
        }
    if as_json:
        return json.dumps(found)
    rows = [[one["change_set"], one["since"], one["until"], one["records"]] for one in found]
    return show.table("Change sets", ["change set", "from", "to", "records"], rows)


def _undo_text(result: Undone) -> str:
    lines = [
        f"Of {result.records:,} records {result.restored:,} were set back, "
        f"{result.already:,} stood as before, {result.gone:,} are gone."
    ]
    if result.kept:
        names = ("object", "id", "property", "stands", "by")
        rows = [[str(one[name]) for name in names] for one in result.kept]
        lines.append(show.table("Changed since, and left alone", names, rows))
    lines.append(
        "The portal is paused. Correct the configuration, look at `lifecycle preview`, then go-live."
    )
    return "\n".join(lines)
