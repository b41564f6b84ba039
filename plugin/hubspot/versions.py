"""Which version of HubSpot's API is spoken: the one place that knows. Paths elsewhere are the legacy ones.

hubspot-api-client speaks only the paths of v3 and v4; they end in September 2027 (v4: March 2027). The dated
versions moved the version behind the family's name: /crm/v3/objects/contacts → /crm/objects/2026-09/contacts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugin.errors import ConfigError

# /crm/v3/objects/…, /crm/v4/associations/…: family within crm
_CRM = re.compile(r"^/crm/v[34]/([a-z_-]+)(/.*)?$")
# /webhooks-journal/journal-local/v4/earliest: two words at the root
_JOURNAL = re.compile(r"^/(webhooks-journal/[a-z-]+)/v4(/.*)?$")
# /account-info/v3/details, /oauth/v1/token, /appinstalls/v3/external-install: family at the root
_ROOT = re.compile(r"^/([a-z-]+)/v[134](/.*)$")


@dataclass(frozen=True)
class ApiVersion:
    """One version; `dated` is empty for the legacy paths."""

    name: str
    dated: str

    def path(self, legacy: str) -> str:
        """The path of this version for a legacy path, already filled in."""
        path = legacy.rstrip("/")  # the generated client asks for /crm/v3/owners/
        if not self.dated:
            return path
        path, found = _CRM.subn(rf"/crm/\1/{self.dated}\2", path)
        if not found:
            path, found = _JOURNAL.subn(rf"/\1/{self.dated}\2", path)
        return path if found else _ROOT.sub(rf"/\1/{self.dated}\2", path)


VERSIONS: dict[str, ApiVersion] = {
    "2026-09": ApiVersion("2026-09", "2026-09"),
    "2026-03": ApiVersion("2026-03", "2026-03"),
    "legacy": ApiVersion("legacy", ""),
}
DEFAULT_VERSION = "2026-09"


def api_version(name: str) -> ApiVersion:
    """The version of that name, or a ConfigError that lists them."""
    try:
        return VERSIONS[name]
    except KeyError:
        raise ConfigError(
            f"HubSpot's API version {name!r} is not known here.", cure=f"Use one of {', '.join(VERSIONS)}."
        ) from None
