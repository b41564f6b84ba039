"""Exports of a portal: begin one, ask how far it is, fetch its file into a temporary one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import requests

from plugin.errors import CrmError, CrmProtocolError, CrmUnavailable
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.protocol import exports
from plugin.hubspot.protocol.exports import Export
from plugin.hubspot.protocol.responses import Reply, error_of

_TIMEOUTS = (3.05, 60.0)
_CHUNK = 1 << 20
LARGEST_FILE = 16 << 30  # bytes; ten million records of a thousand bytes would not fill it


class LinkExpired(CrmError):
    """The link to the file has run out: asking for the status again gives another."""

    permanent = False


@dataclass(frozen=True)
class Exports:
    """The exports of one portal; every method raises CrmError."""

    apis: Apis
    session: requests.Session
    base_url: str

    def start(
        self, object_type: str, properties: Sequence[str], associations: Sequence[str], name: str
    ) -> str:
        """Begin an export of all records of a type; gives its id. Not repeated after a timeout."""
        return exports.started(
            self.apis.send(exports.start_request(object_type, properties, associations, name))
        )

    def look(self, number: str) -> Export:
        """How far it is."""
        return exports.state(self.apis.send(exports.state_request(number)))

    def fetch(self, link: str) -> BinaryIO:
        """The file, at its beginning; it vanishes when it is closed. Raises LinkExpired.

        The address is signed: it is asked for without any credentials, and outside the account's allowance.
        """
        self._require_https(link)
        file = cast(BinaryIO, tempfile.TemporaryFile(prefix="export-"))  # noqa: SIM115 - it is the caller's
        try:
            self._into(link, file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _require_https(self, link: str) -> None:
        parts, base = urlsplit(link), urlsplit(self.base_url)
        if parts.scheme != "https" and parts.hostname != base.hostname:
            raise CrmProtocolError("HubSpot names an export's file that is not behind https.")

    def _into(self, link: str, file: BinaryIO) -> None:
        try:
            with self.session.get(link, timeout=_TIMEOUTS, stream=True, auth=_nobody) as answer:
                if answer.status_code in (403, 404, 410):
                    raise LinkExpired("The link to an export's file has expired.", status=answer.status_code)
                if answer.status_code != requests.codes.ok:
                    raise error_of(Reply(answer.status_code, answer.headers, answer.content))
                self._require_https(answer.url)  # it may have led elsewhere
                for chunk in answer.iter_content(_CHUNK):
                    file.write(chunk)
                    if file.tell() > LARGEST_FILE:
                        raise CrmProtocolError("An export's file is larger than any portal's records.")
        except requests.RequestException as error:
            raise CrmUnavailable(f"HubSpot's export did not come ({type(error).__name__}).") from error


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials, not even from the user's .netrc."""
    return request
