"""The running server's watch over the mapping file: a change counts once the file has come to rest.

A shell empties the file that `>` names before the command beside it has said a word, and an editor may save
in pieces: what stands in the file then can be read without a fault and is not what anybody meant.
"""

from __future__ import annotations

from pathlib import Path

from plugin.jobs.config_files import digest_of, take_up_again
from plugin.jobs.context import Context
from plugin.records.configs import Version


class FileWatch:
    """Looks at one file again and again; only what two looks in a row find the same is taken up."""

    def __init__(self, context: Context, path: Path | None) -> None:
        self.context, self.path = context, path
        self._seen: str | None = None  # the file's digest at the last look; None: there was none yet

    def look(self) -> Version | None:
        """Put the file in force if it was changed and rests; None: nothing was put in force."""
        found = digest_of(self.path)
        rests, self._seen = found == self._seen, found
        return take_up_again(self.context, self.path, found) if rests else None
