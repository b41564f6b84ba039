"""Commands about what stands in the CRM: reconcile, preview, undo."""

from __future__ import annotations

import json

import click

from plugin.cli import show
from plugin.cli.portal import as_json_option, only_portal, opened, portal_option


@click.command(epilog="Example: lifecycle reconcile --full")
@click.option("--full", is_flag=True, help="Read everything that is kept again, not only what changed.")
@portal_option
@as_json_option
def reconcile(full: bool, portal: int | None, as_json: bool) -> None:
    """Find what no webhook told us, and repair it: changed, deleted, merged or linked otherwise.

    The scheduler does the same every ten minutes, and the full pass once a week.
    """
    from plugin.jobs.reconcile import run_reconcile

    with opened() as parts:
        served = only_portal(parts.context.store, portal)
        with show.progress(hidden=as_json) as bar:
            result = run_reconcile(parts.context, served.portal_id, full=full, report=bar)
    click.echo(json.dumps(result.as_dict()) if as_json else result.as_text())
