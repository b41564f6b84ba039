"""`lifecycle config diff`: what a mapping file would change, before it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from plugin.cli import show
from plugin.cli.portal import FILE, as_json_option, only_portal, opened, samples_option

#: What a fit estimates, in words for those who do not know what is fitted.
ANEW = (
    "The usual rhythm between purchases, the bounds of tiers and RFM, and the predictions would be estimated "
    "anew from everything that was read."
)


@click.command("diff", epilog="Example: lifecycle config diff new.yaml")
@click.argument("file", type=FILE)
@click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
@click.option("--fields", "only_fields", is_flag=True, help="Only what the files say; compute no customer.")
@samples_option
@as_json_option
def config_diff(file: Path, portal: int | None, only_fields: bool, samples: int, as_json: bool) -> None:
    """What a mapping file would change: fields, properties, stages, and who would move where.

    Nothing is written, neither to the CRM nor to what is kept here.
    """
    from plugin.cli.threshold_text import with_places
    from plugin.jobs.config_check import refuse_file
    from plugin.jobs.config_diff import compare
    from plugin.mapping.bundle import read_bundle

    refuse_file(file)
    with opened(file=file) as parts:
        served = only_portal(parts.context.store, portal)
        with show.progress(hidden=as_json) as bar:
            result = compare(parts.context, served.portal_id, file, bar, customers=not only_fields)
    if result["preview"]:
        hints = result["preview"]["thresholds"]
        result["preview"]["thresholds"] = with_places(hints, read_bundle(file))
    click.echo(json.dumps(result) if as_json else _diff_text(result, samples))


def _diff_text(result: dict[str, Any], samples: int) -> str:
    if not result["fields"] and not result["rules"]:
        return "The file says what is in force: nothing would change."
    rows = [[one["field"], _brief(one["from"]), _brief(one["to"])] for one in result["fields"]]
    parts = [show.table("Fields", ["field", "in force", "new"], rows)] if rows else []
    parts += [f"Rule file {name}: {what}" for name, what in result["rules"].items()]
    for title, names in (
        ("To be made", result["properties"]["make"]),
        ("Changed", result["properties"]["change"]),
    ):
        parts += [f"{title} in the CRM: {', '.join(names)}"] if names else []
    for model, stages in result["stages"].items():
        changes = ", ".join(
            [*(f"+{one}" for one in stages["added"]), *(f"-{one}" for one in stages["removed"])]
        )
        parts.append(f"Stages of {model}: {changes}")
    if result["read_again"]:
        parts.append(f"Everything would be read again: {_many(result['read_again'])} lack what is named.")
    if result["fit_again"]:
        parts.append(show.wrapped(ANEW))
    if result["preview"]:
        parts.append(_customers(result["preview"], samples))
    return "\n".join(parts)


def _customers(preview: dict[str, Any], samples: int) -> str:
    """Who would move; where nothing is known of now, what the file alone gives."""
    from plugin.cli.compare_text import compare_text
    from plugin.cli.preview_text import preview_text

    if preview["compared"]["customers"]:
        return compare_text(preview, samples)
    said = show.wrapped(
        "Nothing was computed here yet, so nobody can be said to move: run `lifecycle backfill`, then "
        "compare again. What the file alone gives:"
    )
    return f"{said}\n{preview_text(preview, samples)}"


def _many(types: list[str]) -> str:
    """Object types as many records: "contacts, companies"."""
    return ", ".join(f"{name[:-1]}ies" if name.endswith("y") else f"{name}s" for name in types)


def _brief(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = (
        "-"
        if value in (None, [], "")
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
    )
    return text if len(text) <= 60 else text[:57] + "..."
