"""Writes a file whole or not at all: whoever reads it meanwhile finds the old text or the new one."""

from __future__ import annotations

import uuid
from pathlib import Path

from plugin.errors import InputError


def write_whole(path: Path, body: bytes) -> None:
    """Write beside and rename; a file that is there keeps its rights, a link what it points to.

    InputError where that cannot be; then the file is as it was.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        try:
            beside.write_bytes(body)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o7777)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        cure = "Name a file in a folder that you may write to."
        raise InputError(f"{path} cannot be written: {error.strerror}.", cure=cure) from error
