"""JSON Schemas for editors: printed, or put beside a file whose first line then names them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from plugin.cli.portal import FILE
from plugin.errors import InputError

BEFORE = "# yaml-language-server: $schema="
_LINE = re.compile(rb"^# yaml-language-server: \$schema=[^\r\n]*", re.MULTILINE)
_MARK = b"\xef\xbb\xbf"  # the mark that some editors begin a file with

for_option = click.option(
    "--for",
    "file",
    type=FILE,
    help="Put it beside this file, whose first line then names it: editors find it by themselves.",
)


def give(schema: dict[str, Any], name: str, file: Path | None) -> None:
    """Print a schema; with a `file`, write it as `name` beside that and say so in the file's first line."""
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    if file is None:
        click.echo(text, nl=False)
        return
    beside = file.with_name(name)
    try:
        raw = file.read_bytes()
        beside.write_text(text, encoding="utf-8")
        named = naming(raw, name)
        if named != raw:
            _replace(file, lambda target: target.write_bytes(named))
    except OSError as error:
        said = f"{error.filename or file} cannot be written: {error.strerror}."
        raise InputError(said, cure="Choose a folder that you may write to.") from error
    click.echo(
        f"Wrote {beside}. The first line of {file} names it: editors complete, explain and check by it."
    )


def naming(raw: bytes, name: str) -> bytes:
    """A file's bytes with the line that names its schema, once; all else as it is."""
    line = f"{BEFORE}{name}".encode()
    mark, rest = (_MARK, raw[len(_MARK) :]) if raw.startswith(_MARK) else (b"", raw)
    if _LINE.search(rest):
        return mark + _LINE.sub(lambda _: line, rest, count=1)
    return mark + line + (b"\r\n" if b"\r\n" in rest else b"\n") + rest


def _replace(file: Path, write: Callable[[Path], Any]) -> None:
    """The whole file or none of it: a break leaves the old one."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        write(fresh)
        fresh.chmod(file.stat().st_mode & 0o7777)
        fresh.replace(file.resolve())
    finally:
        fresh.unlink(missing_ok=True)
