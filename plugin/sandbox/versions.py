"""One inner address for the many outer ones: dated paths, v3, v4 and v1 lead to the same endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

DATED = ("2026-03", "2026-09")
INNER = "/_api"
_FAMILIES = "objects|associations|properties|pipelines|owners|lists|limits|imports|exports"
_LEGACY = re.compile(rf"/crm/(v3|v4)/({_FAMILIES})(/.*)?\Z")
_DATED = re.compile(rf"/crm/({_FAMILIES})/(\d{{4}}-\d{{2}})(/.*)?\Z")
_OTHER = re.compile(r"/(account-info|oauth|appinstalls|webhooks)/(v1|v3|\d{4}-\d{2})(/.*)?\Z")
_JOURNAL = re.compile(r"/webhooks-journal/(journal-local|subscriptions)/(v4|\d{4}-\d{2})(/.*)?\Z")


class Address(NamedTuple):
    """What a path means: `version` is v1, v3, v4 or a date."""

    family: str
    version: str
    rest: str


def address(path: str) -> Address | None:
    """The endpoint family, version and remaining path; None for a path that is not the API's."""
    if found := _LEGACY.match(path):
        return Address(found[2], found[1], found[3] or "")
    if (found := _DATED.match(path)) and found[2] in DATED:
        return Address(found[1], found[2], found[3] or "")
    if (found := _OTHER.match(path)) and (found[2] in DATED or found[2].startswith("v")):
        return Address(found[1], found[2], found[3] or "")
    if (found := _JOURNAL.match(path)) and found[2] in (*DATED, "v4"):
        return Address("webhooks-journal", found[2], f"/{found[1]}{found[3] or ''}")
    return None


class Rewriter:
    """WSGI middleware that leads every outer address to the inner one and notes the version."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        found = address(path)
        environ["sandbox.path"] = path
        environ["sandbox.address"] = found
        if found is not None:
            environ["PATH_INFO"] = f"{INNER}/{found.family}{found.rest}".rstrip("/")
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer
