"""Reads a file that a person named: a plain file, no more of it than it may have; never waits for a pipe."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

#: A mapping file or a rule file has at most so many bytes.
MAX_BYTES = 1_000_000


def is_empty(body: bytes) -> bool:
    """Whether a file holds nothing besides comments, as when a shell's `>` has just made it."""
    lines = (line.strip() for line in body.removeprefix(b"\xef\xbb\xbf").splitlines())
    return all(not line or line.startswith(b"#") or line in (b"---", b"...") for line in lines)


def file_bytes(path: Path) -> bytes:
    """The file's bytes, at most one more than MAX_BYTES: who reads them then says that it is too large.

    OSError where it cannot be read, also where it is a device or a pipe: those may never end.
    """
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a device or a pipe; save what it gives as a file", str(path))
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
