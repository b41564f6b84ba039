"""Moving time for everything beside the sandbox: a file with an offset in seconds that all processes read.

With it a person sees customers fall asleep on the day that was foretold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DAY = 86_400
LARGEST_STEP = 400 * DAY


@dataclass(frozen=True)
class ClockFile:
    """The offset file; a missing one means no offset. Time only moves on: records know no way back."""

    path: Path

    def offset(self) -> float:
        """The seconds by which all clocks are ahead."""
        try:
            return float(self.path.read_text().strip() or 0)
        except (OSError, ValueError):
            return 0.0

    def advance(self, seconds: float) -> None:
        """Move all clocks on; at most 400 days at once."""
        ahead = self.offset() + min(max(0.0, seconds), LARGEST_STEP)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{ahead:.0f}")
        fresh.replace(self.path)  # at once: nobody reads half a number
