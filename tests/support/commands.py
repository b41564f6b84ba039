"""The command line as somebody types it in a folder, run in this process: the same entry, no new start."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from plugin.cli import main


def lifecycle(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `lifecycle ARGUMENTS` in `folder` prints and answers; no setting of this machine is seen.

    A traceback would be raised here instead of printed. Use real processes where several must live at once.
    """
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "var"), **environment}
    out, err = _stream(), _stream()
    with (
        mock.patch.dict(os.environ, given, clear=True),
        mock.patch.object(sys, "argv", ["lifecycle", *arguments]),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _code()
    return subprocess.CompletedProcess(["lifecycle", *arguments], code, _said(out), _said(err))


def _code() -> int:
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    return 0


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()
