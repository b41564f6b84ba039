"""Names that a rule file may declare which is not YAML to its end: so that nobody who uses them is blamed."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NEAR = 8  # signs and spaces between a name and its colon or bracket


def names_declared(text: str) -> Iterator[str]:
    """Every word where a name may be declared: before a colon, first in a line or an entry, after `key:`."""
    before = ""
    for word in re.finditer(r"\w+", text):
        begin, end = word.span()
        lead = text[max(begin - _NEAR, 0) : begin].rstrip(" -\t\"'")
        follow = text[end : end + _NEAR].lstrip(" \t\"'")
        if before in ("key", "model") or follow[:1] == ":" or not lead or lead[-1] in "{[,\n\r":
            yield word[0]
        before = word[0]
