"""The `lifecycle` command. Each family of commands is a file; it is imported only when one of them runs."""

from __future__ import annotations

import importlib
import sys

import click

from plugin import __version__
from plugin.errors import LifecycleError

#: command → (file of its family, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Real customers with stages on a stand-in CRM, to look at and play with."),
    "up": ("serve", "Run web, worker and scheduler in one, with an embedded store and queue."),
    "web": ("serve", "Run the web process: receiver, API, health."),
    "worker": ("serve", "Run workers."),
    "scheduler": ("serve", "Run the scheduler."),
    "migrate": ("serve", "Bring the database up to this version."),
    "sandbox": ("sandbox", "Run the stand-in CRM."),
    "install": ("portal", "Make the properties in the CRM; with --live also start to write."),
    "go-live": ("portal", "Start to write to the CRM."),
    "pause": ("portal", "Stop writing at once; go on computing."),
    "backfill": ("portal", "Read everything, compute every customer."),
    "reconcile": ("sync", "Compare with the CRM and repair what was missed."),
    "preview": ("sync", "What would be written, counted and with samples; writes nothing."),
    "undo": ("sync", "Set back what was written: a change set, a time, a record."),
    "status": ("portal", "How everything stands."),
    "parked": ("portal", "What was given up: list, retry or drop it."),
    "export": ("export", "Write call lists, the records that outcomes rest on, or all held about a person."),
    "erase": ("privacy", "Delete everything held about one person, for good."),
    "webhooks": ("webhooks", "Keep the app's webhooks exactly those that the mapping has a use for."),
    "evaluate": ("offline", "Compute outcomes from CSV files, without CRM or server."),
    "explain": ("offline", "One customer's stage, why, and what comes next."),
    "report": ("report", "The portfolio: figures, funnel, cohorts, channels, reasons of loss."),
    "clv": ("clv", "Fit purchase models to a CSV of orders; predict each customer's value."),
    "backtest": ("backtest", "How good predictions would have been on past orders, beside plain rules."),
    "doctor": ("doctor", "Look at everything, and say the cures."),
    "accounts": ("accounts", "The portals that installed the app, and those that removed it."),
    "uninstall": ("accounts", "Take the app out of a portal, after showing what goes."),
    "keys": ("keys", "Make, count and rotate the keys that tokens are sealed with."),
    "models": ("rules", "List, show and check stage models."),
    "config": ("config", "The mapping file: write, check, compare, apply, go back."),
}


class _Lazy(click.Group):
    """Finds commands in their family's file at the moment they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"plugin.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lifecycle")
def cli() -> None:
    """Customer lifecycle for HubSpot: stage, reason, next change and risk on every record."""


def main() -> None:
    """Run the command line: one clear message and exit status 2 for what the user can correct, else 1."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        from plugin.cli.meant import suggested

        suggested(error).show()
        sys.exit(2)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except LifecycleError as error:
        from plugin.cli.lines import tell_error

        tell_error(error)
        sys.exit(2 if error.permanent else 1)
