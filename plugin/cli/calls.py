"""`lifecycle export --stage … --flag …`: a call list from the store of a served portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from plugin.cli.orders import working
from plugin.cli.render import as_json_text, list_as_csv, put


def write_calls(
    choice: Mapping[str, Sequence[str]], out: Path | None, *, as_json: bool, portal: int | None
) -> None:
    """Compute the portal's customers of today and print or write the chosen ones."""
    from plugin.cli import show
    from plugin.cli.cases import from_portal
    from plugin.lifecycle.call_list import COLUMNS, call_list

    with working("Computing"):
        rows = call_list(from_portal(None, portal).outcomes, **choice)
    text = as_json_text(rows) if as_json else list_as_csv(rows, COLUMNS)
    put(text, out, f"Wrote {show.counted(len(rows), 'customer')} to {{out}}.")
