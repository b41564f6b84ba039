"""Which way a whole load reads and writes, and why not the other: by export and import, or page by page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from plugin.mapping.model import Mapping
from plugin.records import accounts

AUTO_ABOVE = 50_000  # customers
PAGES, EXPORT, BATCHES, IMPORT = "pages", "export", "batches", "import"
READ_SCOPE, WRITE_SCOPE = "crm.export", "crm.import"
OFF = "HUBSPOT_BULK is off"


@dataclass(frozen=True)
class Lane:
    """One of the names above, and why it is this one."""

    name: str
    because: str


def wanted(bulk: str, customers: int | None) -> bool:
    """Whether the setting (off, on, auto) asks for files in a load of so many customers (None: not known)."""
    return bulk == "on" or (bulk == "auto" and customers is not None and customers > AUTO_ABOVE)


def granted(connection: Connection, portal_id: int) -> tuple[str, ...] | None:
    """The scopes of a portal that came by OAuth; None: a static token's cannot be asked."""
    account = accounts.get(connection, portal_id)
    return account.scopes if account is not None else None


def reading(bulk: str, mapping: Mapping, customers: int | None, scopes: tuple[str, ...] | None) -> Lane:
    """How a load of so many customers begins to read."""
    if not wanted(bulk, customers):
        return Lane(PAGES, _unwanted(bulk, customers))
    if mapping.read_histories:
        return Lane(PAGES, "an export has no dated values, and the mapping reads them (read_histories)")
    return _by_scope(EXPORT, PAGES, READ_SCOPE, bulk, scopes)


def writing(bulk: str, customers: int | None, scopes: tuple[str, ...] | None) -> Lane:
    """How a load of so many customers begins to write."""
    if not wanted(bulk, customers):
        return Lane(BATCHES, _unwanted(bulk, customers))
    return _by_scope(IMPORT, BATCHES, WRITE_SCOPE, bulk, scopes)


def _unwanted(bulk: str, customers: int | None) -> str:
    if bulk != "auto":
        return OFF
    if customers is None:
        return f"HUBSPOT_BULK is auto, for more than {AUTO_ABOVE:,} customers"
    return f"HUBSPOT_BULK is auto, and {customers:,} customers are not more than {AUTO_ABOVE:,}"


def _by_scope(lane: str, other: str, scope: str, bulk: str, scopes: tuple[str, ...] | None) -> Lane:
    if scopes is not None and scope not in scopes:
        return Lane(other, f"the portal did not grant {scope}")
    return Lane(lane, f"HUBSPOT_BULK is {bulk}")
