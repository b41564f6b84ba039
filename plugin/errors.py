"""The one tree of errors; each says whether trying again can help, and what a person can do.

LifecycleError
├── ConfigError        a setting, mapping, model or command is wrong (permanent)
├── InputError         a file or argument cannot be read (permanent)
├── StoreError         the database is down, old or locked (transient)
├── QueueError         the queue server is down (transient)
├── VaultError         a sealed token cannot be opened here (transient: another process may have the key)
└── CrmError           the CRM refused or did not answer
    ├── CrmAuthError       token expired, revoked, scopes missing (permanent)
    │   ├── PortalGone         the app is not installed in the portal (any more)
    │   └── AppRefused         the CRM does not accept our own client id, secret or address
    ├── CrmRateLimited     429; `retry_after` in seconds (transient)
    ├── CrmUnavailable     423, 477, 5xx, timeout, reset (transient)
    ├── CrmRefused         400-class answer; one bad value refuses a whole batch (permanent)
    └── CrmProtocolError   an answer that does not have the documented shape (transient)
"""

from __future__ import annotations

from typing import Any


class LifecycleError(Exception):
    """Base of every error this product raises on purpose.

    `code` is stable and documented; `cure` is one sentence a CRM admin understands.
    """

    code = "lifecycle_error"
    permanent = True
    default_cure = "See the log for details."

    def __init__(self, message: str, *, cure: str = "", **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure or self.default_cure
        self.context = context

    def __str__(self) -> str:
        stop = "" if self.message.rstrip().endswith((".", "!", "?", ":")) or "\n" in self.message else "."
        gap = "" if self.message.endswith("\n") else " "
        return f"{self.message}{stop}{gap}Cure: {self.cure}" if self.cure else self.message


class ConfigError(LifecycleError):
    """A setting, mapping, model or command that is wrong as written."""

    code = "config"
    default_cure = "Correct the named line and run `lifecycle config check`."


class InputError(LifecycleError):
    """A file or argument that cannot be read as what it should be."""

    code = "input"
    default_cure = "Correct the file or argument and run the command again."


class StoreError(LifecycleError):
    """The database is unreachable, locked or at another schema version."""

    code = "store"
    permanent = False
    default_cure = "Check DATABASE_URL and that the database runs; then run the command again."


class QueueError(LifecycleError):
    """The queue server is unreachable."""

    code = "queue"
    permanent = False
    default_cure = "Check REDIS_URL and that the server runs; no work is lost, it is kept in the store."


class VaultError(LifecycleError):
    """What is sealed in the store cannot be opened with the keys of this process."""

    code = "vault"
    permanent = False
    default_cure = (
        "Give ENCRYPTION_KEYS every key still in use, newest first, and restart this process; "
        "`lifecycle keys status` tells."
    )


class CrmError(LifecycleError):
    """The CRM refused a call or did not answer it.

    `status` is the HTTP status (0: none came), `category` HubSpot's own word, `details` its
    `errors` array, `correlation_id` what HubSpot's support asks for. All of them may be empty.
    """

    code = "crm"
    default_cure = "See the message, and the address and token in the settings."

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        category: str = "",
        details: list[dict[str, Any]] | None = None,
        correlation_id: str = "",
        retry_after: float | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, cure=cure)
        self.status = status
        self.category = category
        self.details = details or []
        self.correlation_id = correlation_id
        self.retry_after = retry_after


class CrmAuthError(CrmError):
    """401 or 403: the token is expired, revoked or lacks a scope."""

    code = "crm_auth"
    default_cure = "Check the access token and the scopes of the app in HubSpot's settings."


class PortalGone(CrmAuthError):
    """The app is not installed in this portal: never was, or was taken out in HubSpot."""

    code = "portal_gone"
    default_cure = (
        "To go on, install the app in the portal again at /oauth/install; its data is kept for a while."
    )


class AppRefused(CrmAuthError):
    """HubSpot does not accept the app's own client id, secret or redirect address: no portal's fault."""

    code = "app_refused"
    default_cure = (
        "Compare HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and PUBLIC_URL with the app's Auth page in HubSpot."
    )


class CrmRateLimited(CrmError):
    """429: the account's allowance is spent; `policy` TEN_SECONDLY_ROLLING, DAILY or SEARCH."""

    code = "crm_rate_limited"
    permanent = False
    default_cure = "Workers go on when the allowance returns; a command is to be run again then."
    policy = "TEN_SECONDLY_ROLLING"


class CrmUnavailable(CrmError):
    """423, 477, 5xx, a timeout or a reset connection."""

    code = "crm_unavailable"
    permanent = False
    default_cure = "Workers try again by themselves; a command is to be run again. Check HUBSPOT_API_URL."


class CrmRefused(CrmError):
    """A 400-class answer about this request; repeating it unchanged cannot help."""

    code = "crm_refused"
    default_cure = "Correct the named property or value."


class CrmProtocolError(CrmError):
    """A 2xx answer that does not have the documented shape (for example results + errors ≠ inputs)."""

    code = "crm_protocol"
    permanent = False
    default_cure = "Try again; if it stays, report the correlation id."
