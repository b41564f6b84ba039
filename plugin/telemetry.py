"""Logging: one line an event on standard error, with its fields; never a value from a customer's record."""

from __future__ import annotations

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_QUIET = ("alembic", "rq.worker", "urllib3", "gunicorn.access")


class _Lines(logging.Formatter):
    """`2026-11-22T10:00:00Z INFO worker-live message key=value`."""

    def __init__(self, process: str) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%S%z")
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback follows on its own lines."""
        extra = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD)
        head = f"{self.formatTime(record, self.datefmt)} {record.levelname} {self.process}"
        line = f"{head} {record.getMessage()} {extra}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start(process: str, level: int = logging.INFO) -> None:
    """Send this process' log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
