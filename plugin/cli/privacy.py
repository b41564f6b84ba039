"""Commands about a person's data: erase it; what is held is shown by `lifecycle export --person`."""

from __future__ import annotations

import json

import click

from plugin.cli.portal import as_json_option, object_option, opened, portal_option, served_portal


@click.command(epilog="Example: lifecycle erase 4711")
@click.argument("record_id", metavar="ID", type=click.IntRange(1))
@object_option
@click.option("--clear", is_flag=True, help="First empty our properties on the record in HubSpot.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@portal_option
@as_json_option
def erase(
    record_id: int, object_type: str | None, clear: bool, yes: bool, portal: int | None, as_json: bool
) -> None:
    """Delete everything held about one contact or company, for good; it cannot be undone.

    A keyed tombstone keeps the record from coming back, whatever HubSpot still sends. Sums stay.
    """
    from plugin.jobs.erase import erase as run

    with opened() as parts:
        served = served_portal(parts, portal)
        kind = object_type or parts.context.current(served.portal_id).mapping.customer_objects()[0]
        if not yes:
            click.confirm(f"Erase {kind} {record_id} of portal {served.portal_id} for good?", abort=True)
        result = run(parts.context, served.portal_id, (kind, record_id), clear=clear)
    click.echo(json.dumps(result.as_dict()) if as_json else result.as_text())
