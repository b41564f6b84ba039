"""Signing in to the admin's pages with ADMIN_TOKEN: a signed cookie, and a token in every form.

The cookie is signed with the admin's token itself: another token ends every session. Forms carry a second
token, bound to the session, because a browser sends cookies also for a form on somebody else's page.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from flask import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "lifecycle_admin"
HOURS = 12


@dataclass(frozen=True)
class Sessions:
    """Makes and checks sessions; `secure` where the pages are reached by https."""

    admin_token: str
    secure: bool

    def opens(self, given: str) -> bool:
        """Whether this is the admin's token."""
        return bool(self.admin_token) and hmac.compare_digest(given.encode(), self.admin_token.encode())

    def start(self, response: Response) -> None:
        """Sign the browser in for twelve hours."""
        response.set_cookie(
            COOKIE,
            self._signer("session").dumps(secrets.token_urlsafe(16)),
            max_age=HOURS * 3600,
            path="/admin",
            httponly=True,
            secure=self.secure,
            samesite="Strict",
        )

    def end(self, response: Response) -> None:
        """Sign the browser out."""
        response.delete_cookie(COOKIE, path="/admin")

    def current(self, request: Request) -> str | None:
        """The session of a request; None for a stranger."""
        return self._read("session", request.cookies.get(COOKIE, ""))

    def form_token(self, session: str) -> str:
        """What every form of this session carries."""
        return str(self._signer("form").dumps(session))

    def is_own_form(self, session: str, given: str) -> bool:
        """Whether a form was made for this session."""
        return self._read("form", given) == session

    def _read(self, salt: str, text: str) -> str | None:
        try:
            return str(self._signer(salt).loads(text, max_age=HOURS * 3600)) if self.admin_token else None
        except BadData:
            return None

    def _signer(self, salt: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.admin_token, salt=f"admin-{salt}")
