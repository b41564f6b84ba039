"""The command that runs the stand-in CRM, with a world in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli import show
from plugin.clock import SystemClock, local_day
from plugin.errors import ConfigError

if TYPE_CHECKING:
    from plugin.sandbox.world import World

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    epilog="Example: lifecycle sandbox --world cdnow --webhooks-to http://localhost:8000/webhooks/hubspot"
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8100, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--data", type=_FOLDER, help="Where its SQLite file lives; default: DATA_DIR/sandbox.")
@click.option(
    "--world",
    "kind",
    help="What to fill an empty sandbox with: cdnow, generated, a sales pipeline (sales_pipeline.csv or its "
    "folder), or a folder as `lifecycle export --records` writes it: contacts.csv, deals.csv …",
)
@click.option(
    "--size", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True, help="Generated contacts."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the generated world.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which the world's record ends; default: today.",
)
@click.option("--token", default="sandbox-token", show_default=True, help="The access token it accepts.")
@click.option("--secret", default="sandbox-secret", show_default=True, help="Signs its webhooks.")
@click.option(
    "--burst-limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Requests in 10 s."
)
@click.option("--webhooks-to", help="Where to send webhooks.")
@click.option(
    "--portals",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="Accounts to install the app in by OAuth; the world is in the first.",
)
@click.option("--redirect-url", help="The only address that OAuth leads back to; default: any.")
def sandbox(
    port: int,
    host: str,
    data: Path | None,
    kind: str | None,
    size: int,
    seed: int,
    at: object,
    token: str,
    secret: str,
    burst_limit: int,
    webhooks_to: str | None,
    portals: int,
    redirect_url: str | None,
) -> None:
    """Run a stand-in for HubSpot: its API with limits and errors, its webhooks, and a page to play with."""
    from plugin import settings, telemetry
    from plugin.cli.ports import check_port
    from plugin.sandbox.portals import App
    from plugin.sandbox.server import run_sandbox

    telemetry.start("sandbox")
    check_port(host, port)
    path = _folder(data or settings.load().data_dir / "sandbox") / "sandbox.db"
    fresh = not path.exists()
    day = at.date() if hasattr(at, "date") else None
    world = make_world(kind, size=size, seed=seed, end=day) if kind and fresh else None
    name = f"http://{host}:{port}"
    click.echo(f"The stand-in CRM listens on {name}/ with the access token {token}; its data: {path}.")
    click.echo(
        f"Webhooks go to {webhooks_to}, signed with {secret}." if webhooks_to else "No webhooks are sent."
    )
    if kind and not fresh:
        click.echo(f"It holds records already, so --world {kind} is not loaded; delete {path} to begin anew.")
    click.echo(f"For OAuth: client id {App().client_id}, client secret {secret}.")
    if world is not None:
        click.echo(world_text(world))
    run_sandbox(
        host=host,
        port=port,
        path=path,
        world=world,
        webhook_target=webhooks_to,
        secret=secret,
        token=token,
        burst_limit=burst_limit,
        clock_file=settings.load().clock_file,
        portals=portals,
        redirect_url=redirect_url,
    )


def _folder(wanted: Path) -> Path:
    """The folder of its data, made where there is none; ConfigError where that may not be."""
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cure = "Name another folder with --data, or set DATA_DIR."
        raise ConfigError(f"{wanted} cannot be written: {error.strerror}.", cure=cure) from error
    return wanted


def world_text(world: World) -> str:
    """What was loaded: records of each kind, deals won, and where the days were moved to."""
    won = sum(deal.properties.get("hs_is_closed_won") == "true" for deal in world.deals)
    kinds = (("company", world.companies), ("contact", world.contacts), ("deal", world.deals))
    told = ", ".join(show.counted(len(records), name) for name, records in kinds if records)
    day = world.moved_to
    moved = f"; days moved so that the last is {day.day} {day:%b %Y}" if day else ""
    return f"Loaded {told or 'no records'}{f' ({won:,} won)' if world.deals else ''}{moved}."


def make_world(kind: str, *, size: int = 1_000, seed: int = 1, end: date | None = None) -> World:
    """The world that a name or a path stands for."""
    from plugin.sandbox import loaders

    if kind == "cdnow":
        return loaders.cdnow(end)
    if kind == "generated":
        return loaders.generate(size, seed=seed)
    path = Path(kind)
    if path.is_dir() and (path / "contacts.csv").exists():
        rest = [path / name for name in ("deals.csv", "companies.csv", "history.jsonl")]
        deals, companies, history = (file if file.exists() else None for file in rest)
        return loaders.from_csv(path / "contacts.csv", deals, companies, history=history)
    if path.exists():
        return loaders.opportunities(path, end=end or local_day(SystemClock().now(), "UTC"))
    raise ConfigError(
        f"There is no world {kind!r}.", cure="Use cdnow, generated, or a path to CSV files that exists."
    )
