"""The product on the other versions of HubSpot's API: the tests of what speaks to it, run again on each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.hubspot.versions import DEFAULT_VERSION, VERSIONS

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["jobs", "sync", "hubspot", "oauth"])
@pytest.mark.parametrize("version", [name for name in VERSIONS if name != DEFAULT_VERSION])
def test_the_same_holds_on_every_version(version: str, folder: str) -> None:
    """As `HUBSPOT_API_VERSION=… make test` runs them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", f"tests/{folder}"],
        cwd=ROOT,
        env={**os.environ, "HUBSPOT_API_VERSION": version},
        capture_output=True,
        text=True,
        timeout=3_000,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
