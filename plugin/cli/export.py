"""The command export: call lists as CSV, the records that outcomes rest on, all held about one person."""

from __future__ import annotations

import json
from pathlib import Path

import click

from plugin.cli.portal import as_json_option, object_option, opened, portal_option, served_portal


@click.command(epilog="Example: lifecycle export --stage sleeping --flag no_outreach --out calls.csv")
@click.option(
    "--records",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write contacts.csv, deals.csv, companies.csv, history.jsonl and parameters.json.",
)
@click.option("--person", type=click.IntRange(1), help="Print all that is held about one record, as JSON.")
@object_option
@click.option("--stage", "stages", multiple=True, help="A call list: who is in this stage; MODEL:STAGE too.")
@click.option("--flag", "flags", multiple=True, help="A call list: who carries this risk flag.")
@click.option("--segment", "segments", multiple=True, help="A call list: who is in this segment.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the call list here.")
@as_json_option
@portal_option
def export(
    directory: Path | None,
    person: int | None,
    object_type: str | None,
    out: Path | None,
    as_json: bool,
    portal: int | None,
    **choice: tuple[str, ...],
) -> None:
    """Write the records as `lifecycle evaluate` reads them, a call list of customers, or what is held.

    Several stages mean any of them, and so do several flags; a stage and a flag mean both. With --person:
    everything that is held about one contact or company, in any table.
    """
    if [directory is not None, person is not None, any(choice.values())].count(True) != 1:
        raise click.UsageError(
            "Give --records DIR, or --person ID, or one or more of --stage, --flag and --segment."
        )
    if directory is not None:
        _export_records(directory, portal)
    elif person is not None:
        _show_person(person, object_type, portal)
    else:
        from plugin.cli.calls import write_calls

        write_calls(choice, out, as_json=as_json, portal=portal)


def _show_person(person: int, object_type: str | None, portal: int | None) -> None:
    from plugin.jobs.erase import held

    with opened() as parts:
        served = served_portal(parts, portal)
        kind = object_type or parts.context.mapping.customer_objects()[0]
        found = held(parts.context, served.portal_id, (kind, person))
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


def _export_records(directory: Path, portal: int | None) -> None:
    from plugin.records import frames, portals
    from plugin.records.csv_files import write_records

    with opened() as parts:
        served = served_portal(parts, portal)
        with parts.context.store.read() as connection:
            records = frames.load(connection, served.portal_id, parts.context.mapping, None)
            parameters = portals.current_parameters(connection, served)
    directory.mkdir(parents=True, exist_ok=True)
    write_records(records, directory)
    if parameters is not None:
        (directory / "parameters.json").write_text(parameters.to_json(), encoding="utf-8")
    click.echo(f"Wrote {records.contacts.height} contacts and {records.deals.height} deals to {directory}.")
