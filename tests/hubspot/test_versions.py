"""The dated paths: one rule for every family, and the legacy ones untouched."""

from __future__ import annotations

import pytest

from plugin.errors import ConfigError
from plugin.hubspot.protocol.requests import ACCOUNT, CUSTOM_PROPERTY_LIMITS, Request, from_generated
from plugin.hubspot.versions import api_version


@pytest.mark.parametrize(
    ("legacy", "dated"),
    [
        ("/crm/v3/objects/contacts/batch/read", "/crm/objects/2026-09/contacts/batch/read"),
        ("/crm/v3/objects/contacts", "/crm/objects/2026-09/contacts"),
        (
            "/crm/v4/associations/contacts/deals/batch/read",
            "/crm/associations/2026-09/contacts/deals/batch/read",
        ),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts"),
        ("/crm/v3/properties/contacts/groups", "/crm/properties/2026-09/contacts/groups"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/crm/v3/owners/", "/crm/owners/2026-09"),
        (CUSTOM_PROPERTY_LIMITS.path, "/crm/limits/2026-09/custom-properties"),
        (ACCOUNT.path, "/account-info/2026-09/details"),
        ("/oauth/v1/token", "/oauth/2026-09/token"),
        ("/webhooks-journal/journal-local/v4/earliest", "/webhooks-journal/journal-local/2026-09/earliest"),
        ("/webhooks-journal/subscriptions/v4", "/webhooks-journal/subscriptions/2026-09"),
        ("/appinstalls/v3/external-install", "/appinstalls/2026-09/external-install"),
    ],
)
def test_the_version_moves_behind_the_family(legacy: str, dated: str) -> None:
    assert api_version("2026-09").path(legacy) == dated
    assert api_version("2026-03").path(legacy) == dated.replace("2026-09", "2026-03")
    assert api_version("legacy").path(legacy) == legacy.rstrip("/")


def test_an_unknown_version_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="2026-09, 2026-03, legacy"):
        api_version("2020-01")


def test_a_generated_call_becomes_a_request() -> None:
    request = from_generated(
        "/crm/v3/objects/{objectType}",
        "GET",
        {"objectType": "a/b"},
        [("limit", 100), ("properties", ["a", "b"]), ("archived", False)],
        None,
    )
    assert request == Request(
        "GET",
        "/crm/v3/objects/a%2Fb",
        (("limit", "100"), ("properties", "a,b"), ("archived", "false")),
    )
    assert request.target() == "/crm/v3/objects/a%2Fb?limit=100&properties=a,b&archived=false"


@pytest.mark.parametrize(
    ("path", "policy", "repeatable"),
    [
        ("/crm/v3/objects/contacts/search", "search", True),
        ("/crm/v3/objects/contacts/batch/update", "general", True),
        ("/crm/v3/objects/tasks/batch/create", "general", False),
        ("/crm/v3/properties/contacts/batch/create", "general", True),
    ],
)
def test_searches_have_their_own_allowance_and_only_creations_run_once(
    path: str, policy: str, repeatable: bool
) -> None:
    request = from_generated(path, "POST", None, None, {})
    assert (request.policy, request.repeatable) == (policy, repeatable)
