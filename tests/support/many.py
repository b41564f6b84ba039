"""The product serving many portals by OAuth, in one process, beside a sandbox with several accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import requests
from werkzeug.serving import make_server

from plugin import wiring
from plugin.clock import Clock
from plugin.hubspot import scopes
from plugin.hubspot.client.oauth import App
from plugin.hubspot.own_budget import NullBudget
from plugin.jobs.apply import apply_inbox
from plugin.jobs.arrive import arrive
from plugin.jobs.context import Context, Silence
from plugin.jobs.evaluate import work_portal
from plugin.jobs.tokens import Tokens
from plugin.records import accounts, portals
from plugin.records.store import Store
from plugin.sandbox.portals import App as CrmApp
from plugin.sandbox.portals import Portal as CrmPortal
from plugin.sandbox.server import SandboxServer
from plugin.settings import Settings
from plugin.vault import Vault, new_key
from plugin.web.app import WebParts, create_app
from plugin.web.oauth import OAuthParts
from tests.support.house import ADMIN, LIMITLESS
from tests.support.versions import API_VERSION

FIRST, SECOND = 4242, 5151
SECRET_KEY = "the-key-of-the-test"


@dataclass
class Many:
    """The product and the CRM; `url` is the product's address."""

    crm: SandboxServer
    settings: Settings
    context: Context
    tokens: Tokens
    vault: Vault
    app: App
    url: str
    browsers: list[requests.Session] = field(default_factory=list)

    @property
    def callback(self) -> str:
        """The address that HubSpot sends people back to."""
        return f"{self.url}/oauth/callback"

    def browser(self) -> requests.Session:
        """A browser without any cookie."""
        session = requests.Session()
        session.trust_env = False
        self.browsers.append(session)
        return session

    def begin(self, browser: requests.Session, query: str = "") -> str:
        """Ask for the installation: the CRM's address that the person is sent to."""
        answer = browser.get(f"{self.url}/oauth/install{query}", allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def agree(self, browser: requests.Session, address: str, portal_id: int = FIRST) -> str:
        """Agree in the CRM: the product's address that the person is sent back to."""
        answer = browser.get(f"{address}&approve=1&portal={portal_id}", allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def connect(self, portal_id: int = FIRST, browser: requests.Session | None = None) -> requests.Response:
        """The whole way of a person, until the page that follows it; the job has not run yet."""
        person = browser or self.browser()
        return person.get(self.agree(person, self.begin(person), portal_id), timeout=10)

    def install(self, *portal_ids: int) -> None:
        """Connect portals, provision and load them, and compute their customers."""
        for portal_id in portal_ids:
            assert self.connect(portal_id).status_code == 200
            arrive(self.context, portal_id, lambda: True)
        self.settle(*portal_ids)

    def settle(self, *portal_ids: int) -> None:
        """Deliver, apply, read, evaluate and write until nothing is left."""
        for _ in range(20):
            assert self.crm.drained()
            while apply_inbox(self.context):
                pass
            self.context.clock.sleep(2)
            work = [work_portal(self.context, one, lane) for one in portal_ids for lane in ("live", "bulk")]
            if not any(work) and self.crm.drained():
                return
        raise AssertionError("It does not settle")

    def account(self, portal_id: int = FIRST) -> accounts.Account:
        """What the store holds of an installation."""
        with self.context.store.read() as connection:
            found = accounts.get(connection, portal_id)
        assert found is not None
        return found

    def mode(self, portal_id: int = FIRST) -> str:
        """The portal's mode."""
        with self.context.store.read() as connection:
            found = portals.get(connection, portal_id)
        return found.mode if found else ""

    def control(self, method: str, call: str, **body: object) -> requests.Response:
        """The sandbox's own API: what HubSpot's staff or a portal's admin would do."""
        return requests.request(method, f"{self.crm.url}/sandbox/v1/{call}", json=body or None, timeout=10)

    def calls(self, path: str) -> int:
        """How often an endpoint of the CRM was called since the last reset of the counts."""
        report = requests.get(f"{self.crm.url}/sandbox/v1/stats", timeout=10).json()
        return sum(one["count"] for one in report["calls"] if path in one["path"])

    def another_worker(self) -> Tokens:
        """The tokens as another process would hold them."""
        return Tokens(self.context.store, self.context.clock, self.vault, self.app)


def query_of(address: str) -> dict[str, str]:
    """The query of an address, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@contextmanager
def many(store: Store, clock: Clock, *, keep_days: int = 30, keys: tuple[str, ...] = ()) -> Iterator[Many]:
    """Two empty accounts in the CRM, and the product, installed in neither."""
    limitless = CrmPortal(
        id=FIRST, oauth_burst_limit=LIMITLESS, burst_limit=LIMITLESS, search_limit=LIMITLESS
    )
    with SandboxServer(clock=clock, portal=limitless, token="") as crm:
        crm.store.add_portal(replace(limitless, id=SECOND))
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        url = f"http://127.0.0.1:{server.server_port}"
        crm.store.app = CrmApp(
            redirect_urls=(f"{url}/oauth/callback",),
            required_scopes=tuple(scopes.REQUIRED),
            optional_scopes=tuple(scopes.OPTIONAL),
        )
        crm.configure_webhooks(target_url=f"{url}/webhooks/hubspot")
        product = _product(store, clock, crm, url, keep_days, keys or (new_key(),))
        chosen = product.settings
        oauth = OAuthParts(product.app, product.vault, chosen.app_url, url, SECRET_KEY)
        server.app = create_app(WebParts(product.context, store, crm.secret, url, ADMIN, lambda: None, oauth))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield product
        finally:
            for browser in product.browsers:
                browser.close()
            server.shutdown()
            thread.join()


def _product(
    store: Store, clock: Clock, crm: SandboxServer, url: str, keep_days: int, keys: tuple[str, ...]
) -> Many:
    from plugin.settings import load

    chosen = load(
        {
            "PUBLIC_URL": url,
            "HUBSPOT_API_URL": crm.url,
            "HUBSPOT_API_VERSION": API_VERSION,
            "HUBSPOT_CLIENT_ID": crm.store.app.client_id,
            "HUBSPOT_CLIENT_SECRET": crm.secret,
            "ENCRYPTION_KEYS": ",".join(keys),
            "KEEP_DAYS": str(keep_days),
        }
    )
    app, vault = wiring.open_app(chosen, clock)
    tokens = Tokens(store, clock, vault, app)
    context = wiring.build_context(
        store=store,
        clock=clock,
        crm=wiring.crm_maker(chosen, clock, tokens, lambda _: NullBudget()),
        bells=Silence(),
        keep_days=chosen.keep_days,
    )
    return Many(crm, chosen, context, tokens, vault, app, url)
