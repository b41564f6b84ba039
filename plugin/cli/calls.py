"""`lifecycle export --stage … --flag …`: a call list from the store of a served portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from plugin.cli.orders import working
from plugin.cli.render import as_json_text, list_as_csv
from plugin.errors import InputError


def write_calls(
    choice: Mapping[str, Sequence[str]], out: Path | None, *, as_json: bool, portal: int | None
) -> None:
    """Compute the portal's customers of today and print or write the chosen ones."""
    from plugin.cli.cases import from_portal
    from plugin.lifecycle.call_list import COLUMNS, call_list

    with working("Computing"):
        rows = call_list(from_portal(None, portal).outcomes, **choice)
    text = as_json_text(rows) if as_json else list_as_csv(rows, COLUMNS)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", cure="Name another file.") from error
    click.echo(f"Wrote {len(rows):,} customers to {out}.", err=True)
