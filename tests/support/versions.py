"""Which version of HubSpot's API the house speaks in these tests: `HUBSPOT_API_VERSION`, else the default.

`HUBSPOT_API_VERSION=legacy make test PYTEST_ARGS="tests/jobs tests/sync"` runs some of them on
another one; tests/test_versions.py does so for every version (make slow).
"""

from __future__ import annotations

import os

from plugin.hubspot.versions import DEFAULT_VERSION, api_version

API_VERSION = api_version(os.environ.get("HUBSPOT_API_VERSION") or DEFAULT_VERSION).name


def at(legacy: str) -> str:
    """Where a legacy path is in this version: for counting calls and for faults."""
    return api_version(API_VERSION).path(legacy)
