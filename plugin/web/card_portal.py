"""What the settings page inside HubSpot shows of one portal.

It only shows: a signed request names a user, not their rights, so nothing can be changed from there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from plugin.jobs.context import Context
from plugin.jobs.status import portal_status
from plugin.records.portals import Portal
from plugin.web.card_texts import Speech, words
from plugin.web.card_view import speech_of


def told(context: Context, connection: Connection, portal: Portal, public_url: str) -> dict[str, Any]:
    """The portal's mode, counts and last work; `status` is word for word what the API tells of it."""
    status = portal_status(context, connection, portal)
    speech = speech_of(context, portal)
    labels = {stage.key: stage.label(speech.language) for stage in context.models.primary.stages}
    counts = status["stages"]
    return {
        "state": "ready",
        "language": speech.language,
        "status": status,
        "mode": {"key": portal.mode, "text": speech.say(f"mode_{portal.mode}")},
        "stages": [
            {"key": key, "label": label, "count": counts[key], "text": speech.decimal(str(counts[key]))}
            for key, label in labels.items()
            if counts.get(key)
        ],
        "rows": [
            {"name": name, "label": speech.say(f"settings_{name}"), "value": status[source],
             "text": speech.decimal(str(status[source]))}
            for name, source in (("pending", "pending"), ("unwritten", "unwritten"), ("parked", "parked"))
        ] + [
            {"name": name, "label": speech.say(f"settings_{name}"), "value": status[source],
             "text": _moment(status[source], speech)}
            for name, source in (("last_full", "last_full"), ("last", "last_incremental"))
        ],
        "settled": speech.say("settings_settled" if status["settled"] else "settings_busy"),
        "admin_url": f"{public_url.rstrip('/')}/admin",
        "texts": words(speech.language),
    }  # fmt: skip


def _moment(text: str | None, speech: Speech) -> str:
    if not text:
        return speech.say("settings_never")
    return speech.moment(datetime.fromisoformat(text.replace("Z", "+00:00")))
