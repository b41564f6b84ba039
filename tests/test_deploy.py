"""What deployments start, how it is stopped, and what enters the image; checked without an engine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from plugin.cli import COMMANDS
from plugin.supervisor import STOP_SECONDS

ROOT = Path(__file__).parents[1]
FLY = tomllib.loads((ROOT / "fly.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_fly_and_the_procfile_start_the_same_processes() -> None:
    """And migrate first, once."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines == {**FLY["processes"], "release": FLY["deploy"]["release_command"]}
    assert all(line.split()[1] in COMMANDS for line in lines.values())


def test_every_process_group_has_a_machine_and_the_web_a_check_that_exists() -> None:
    """A check of a path that is not there would take every machine out."""
    assert {group for vm in FLY["vm"] for group in vm["processes"]} == set(FLY["processes"])
    service = FLY["http_service"]
    assert str(service["internal_port"]) == FLY["env"]["PORT"]
    assert service["processes"] == ["web"]
    assert '"/readyz"' in (ROOT / "plugin/web/health.py").read_text()
    assert [check["path"] for check in service["checks"]] == ["/readyz"]


def test_nothing_is_killed_before_it_could_finish() -> None:
    """The supervisor waits for its children, and the platform for the supervisor."""
    assert FLY["kill_signal"] == "SIGTERM"
    assert int(FLY["kill_timeout"].removesuffix("s")) > STOP_SECONDS


def test_no_secret_stands_in_a_file_of_the_deployment() -> None:
    """They are set on the platform."""
    from plugin.settings import SECRETS

    for text in ((ROOT / "fly.toml").read_text(), DOCKERFILE):
        assert not re.findall(rf"^\s*(?:ENV\s+)?({'|'.join(SECRETS)})\s*=", text, re.MULTILINE)


def test_the_image_is_pinned_slim_and_run_by_an_ordinary_user() -> None:
    """Every package by hash; the last USER is not root."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.fullmatch(r"python:3\.\d+-slim", base) for base in bases)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "lifecycle"
    assert re.findall(r'^CMD \["lifecycle", "(\w+)"\]', DOCKERFILE, re.MULTILINE) == ["up"]
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9][\w.-]*(?:\[\w+\])?==[^\s;]+", lock, re.MULTILINE)
    assert len(pinned) > 30
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_what_the_image_copies_is_there_and_nothing_else_is_sent() -> None:
    """The ignore file lets through exactly what the Dockerfile copies."""
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    allowed = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_package_that_the_image_installs_holds_every_file_of_the_product(tmp_path: Path) -> None:
    """Templates, scripts and models, as the Dockerfile's own command packs them."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w"]
    subprocess.run([*command, str(tmp_path), str(ROOT)], check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    kept = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "plugin").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kept <= packed
