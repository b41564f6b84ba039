"""Which command was meant, where there is none of a name: for every group of commands alike."""

from __future__ import annotations

import re

import click

from plugin.mapping.findings import nearest

#: What people look for: the command that does it.
OTHER_WORDS = {
    "versions": "history",
    "log": "history",
    "validate": "check",
    "lint": "check",
    "revert": "rollback",
    "start": "up",
    "run": "up",
}


def suggested(error: click.ClickException) -> click.ClickException:
    """The error about a command that there is not, with the nearest right one where click names none."""
    if not isinstance(error, click.UsageError) or error.ctx is None or getattr(error, "possibilities", None):
        return error
    group, found = error.ctx.command, re.match("No such command '(.+?)'", error.message)
    if not isinstance(group, click.Group) or not found:
        return error
    names = group.list_commands(error.ctx)
    other = OTHER_WORDS.get(found[1], "")
    close = [other] if other in names else [*nearest(found[1], names)]
    if not close:
        return error
    said = f"{found[0]}. Did you mean `{error.ctx.command_path} {close[0]}`?"
    return click.UsageError(said, error.ctx)
