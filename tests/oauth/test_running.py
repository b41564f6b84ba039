"""OAuth with real processes: a person installs, the workers provision and read, the doctor finds all well."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from redis import Redis

from plugin.embedded import running_url
from plugin.hubspot import scopes
from plugin.sandbox.loaders import cdnow
from plugin.vault import new_key
from tests.support.running import Running, eventually, result, running
from tests.support.versions import at

PORTAL = 4242


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Running]:
    """`lifecycle up` with a client id instead of a token."""
    oauth = {
        "HUBSPOT_ACCESS_TOKEN": "",
        "HUBSPOT_CLIENT_ID": "sandbox-client-id",
        "HUBSPOT_APP_ID": "1234567",
    }
    world = cdnow(limit=15)
    with running(tmp_path, world, ENCRYPTION_KEYS=new_key(), **oauth) as made:
        made.crm.store.app = made.crm.store.app.merged(
            {
                "redirect_urls": [f"{made.url}/oauth/callback"],
                "required_scopes": list(scopes.REQUIRED),
                "developer_key": "developer",
            }
        )
        with made.crm.store.write() as conn:  # the world came with a static token, of which nobody knows here
            static = [one.token for one in made.crm.store.portals.tokens(PORTAL)]
            made.crm.store.portals.drop_tokens(conn, static)
        yield made


def install(product: Running) -> str:
    """What a person does, and the page that it ends on."""
    person = requests.Session()
    person.trust_env = False
    asked = person.get(f"{product.url}/oauth/install", timeout=10)
    assert "Connect the app to your account?" in asked.text
    person.get(asked.url + "&approve=1", timeout=10)
    shown: list[str] = []

    def done() -> bool:
        shown.append(person.get(f"{product.url}/oauth/installed", timeout=10).text)
        return "customers are being computed" in shown[-1]

    eventually(done)
    return shown[-1]


def test_from_the_click_to_a_written_record_and_out_again(product: Running) -> None:
    """Installed, previewed, live, looked over by the doctor, dumped without a token, stopped, uninstalled."""
    page = install(product)
    assert "contact: clm_stage created" in page
    assert "observe mode" in page
    eventually(lambda: product.status()["settled"])
    assert result(product.command("preview", "--json"))["customers"] == 15
    assert product.command("go-live").returncode == 0
    eventually(lambda: product.status()["settled"])
    stages = [one["properties"].get("clm_stage") for one in product.crm.store.listed("contact")]
    assert len([stage for stage in stages if stage]) == 15
    product.crm.store.edit("contact", 51_000_000_001, {"hs_email_optout": "true"})
    product.wait_settled()

    looked = doctor(product)
    told = json.loads(looked.stdout)
    faults = [check for check in told["checks"] if check["state"] not in ("ok", "skip")]
    assert (looked.returncode, faults) == (0, []), looked.stdout
    names = {check["name"] for check in told["checks"]}
    wanted = {
        "settings",
        "clock",
        "store",
        "queue",
        "workers",
        "scheduler",
        "keys",
        "crm",
        "mapping",
        "version",
    }
    assert wanted | {"subscriptions", "portal 4242: scopes", "portal 4242: contact properties"} <= names

    assert_no_secret_at_rest(product)
    rows = result(product.command("accounts", "--json"))
    assert [(row["portal_id"], row["state"], row["mode"]) for row in rows] == [(PORTAL, "installed", "live")]

    gone = product.command("uninstall", "--remove-properties", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "contact: clm_stage (" in gone.stdout
    assert not product.crm.store.portals.has_app(PORTAL)
    assert "clm_stage" not in {one["name"] for one in product.crm.store.definitions("contact")}
    assert result(product.command("accounts", "--json"))[0]["state"] == "gone"
    assert product.status()["settled"] is True


def doctor(product: Running) -> subprocess.CompletedProcess[str]:
    """Run beside the data, where no developer project lies that is made for another address."""
    return subprocess.run(
        [sys.executable, "-m", "plugin", "doctor", "--json"],
        env={**product.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=product.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_no_secret_at_rest(product: Running) -> None:
    """Neither the files of the database nor anything in the queue server holds a token or a key."""
    tokens = [one.token for one in product.crm.store.portals.tokens(PORTAL)]
    secrets = [*tokens, product.crm.secret, product.environment["ENCRYPTION_KEYS"]]
    assert len(tokens) >= 2
    for file in product.folder.glob("lifecycle.db*"):
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], file
    log = (product.folder / "up.log").read_text()
    url = running_url(product.folder)
    assert url is not None
    with Redis.from_url(url) as redis:
        dump = [redis.dump(key) for key in redis.scan_iter(count=1_000)]
        values = b"".join(part for part in dump if isinstance(part, bytes))
    files = [path for path in (product.folder / "queue").rglob("*") if path.is_file()]
    append_only = b"".join(path.read_bytes() for path in files)
    assert dump
    for secret in secrets:
        assert secret not in log
        assert secret.encode() not in values
        assert secret.encode() not in append_only


@pytest.mark.slow
def test_sigterm_lets_work_finish_and_leaves_nothing_claimed(product: Running) -> None:
    """What a deployment does to every process, in the middle of a load."""
    hang = {"kind": "hang", "hold": 1.0, "probability": 1.0, "calls": 2, "path": at("/crm/v3/objects")}
    product.crm.faults.add(hang)
    person = requests.Session()
    person.trust_env = False
    asked = person.get(f"{product.url}/oauth/install", timeout=10)
    person.get(asked.url + "&approve=1", timeout=10)
    eventually(lambda: "are being read" in person.get(f"{product.url}/oauth/installed", timeout=10).text)
    began = time.monotonic()
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(40) == 0
    assert time.monotonic() - began < 35
    log = (product.folder / "up.log").read_text()
    assert "Traceback" not in log, log
    from plugin.records import accounts
    from plugin.records.store import Store

    store = Store(f"sqlite:///{product.folder / 'lifecycle.db'}")
    with store.read() as connection:
        account = accounts.get(connection, PORTAL)
    store.close()
    assert account is not None
    assert account.state in (accounts.LOADING, accounts.INSTALLED)
