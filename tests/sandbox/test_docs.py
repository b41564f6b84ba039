"""docs/sandbox.md names every call and every setting."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from plugin.sandbox.faults import Fault
from plugin.sandbox.outbox import WebhookSettings
from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer

DOC = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def test_every_control_call_is_documented(sandbox: SandboxServer) -> None:
    prefix = "/sandbox/v1"
    rules = [rule.rule for rule in sandbox.app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    paths = {rule.removeprefix(prefix).replace("<int:", "<") for rule in rules}
    assert len(paths) > 10
    assert sorted(path for path in paths if path not in DOC) == []


@pytest.mark.parametrize("settings", [WebhookSettings, Fault, Portal])
def test_every_setting_is_documented(settings: type) -> None:
    names = [one.name for one in fields(settings) if one.name != "id"]
    assert [name for name in names if f"`{name}`" not in DOC] == []
