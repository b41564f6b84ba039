"""What a fit has to say about its data: named, counted, in words an admin understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing. `code` is stable, `count` is how many rows or customers it concerns."""

    code: str
    message: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON; empty parts left out."""
        found: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.count:
            found["count"] = self.count
        if self.examples:
            found["examples"] = list(self.examples)
        return found
