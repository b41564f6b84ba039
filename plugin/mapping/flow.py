"""Values as YAML on one line, and texts from a CRM as comments that cannot break a file. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from plugin.mapping.readings import Reading
from plugin.mapping.sources import Declared

#: Texts that are themselves in YAML without quotes.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
_LONG = 60


def flow(value: Any) -> str:
    """A value: a declared source as `{property: left_on, type: date, format: DD.MM.YYYY}`."""
    if isinstance(value, Declared):
        return flow({"property": str(value), **_declaration(value.reading)})
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()))


def _declaration(reading: Reading) -> dict[str, str]:
    """What differs from how HubSpot writes the type."""
    found = {"type": reading.type, "format": reading.format or ""}
    found |= {"decimal": reading.decimal if reading.decimal != "." else "", "thousands": reading.thousands}
    return {key: text for key, text in found.items() if text}


def remark(text: str) -> str:
    """A text for a comment: one line, without signs that YAML does not take, and not too long."""
    seen = "".join(sign if sign.isprintable() else " " for sign in text)
    line = re.sub(r"\s+", " ", seen).strip()
    return line if len(line) <= 2 * _LONG else f"{line[: 2 * _LONG]}…"


def quoted(text: str) -> str:
    """A value of a record, as an example in a comment."""
    short = text if len(text) <= _LONG else f"{text[:_LONG]}…"
    return f"'{remark(short)}'"
