"""A check's result, and how checks are run: whatever one raises becomes its finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from plugin.errors import LifecycleError

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"  # skip: could not be looked at from here


@dataclass(frozen=True)
class Check:
    """What was looked at, how it stands, what was found, and what to do."""

    name: str
    state: str
    finding: str
    cure: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


Looks = Callable[[], Iterable[Check]]


def run(name: str, look: Looks) -> Iterator[Check]:
    """The checks that `look` makes; an error ends it as a failed check of that name."""
    try:
        yield from look()
    except LifecycleError as error:
        yield Check(name, FAIL, " ".join(error.message.split()), error.cure)
    except Exception as error:
        yield Check(name, FAIL, f"unexpected: {type(error).__name__}: {error}", "Report this with the log.")


def good(name: str, finding: str) -> Check:
    """All is well."""
    return Check(name, OK, finding)
