"""The lists that we made in a portal: noted by id, renamed with its language, removed when that is asked for.

What we did not make is never touched: a list that has a name of ours already stays as it is, and one of ours
to which a person gave another name keeps that. A name is noted before its list is made, the id after: a
process that dies between the two finds the list by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plugin.errors import CrmAuthError, CrmError, CrmRefused
from plugin.hubspot.client import Crm
from plugin.records import portals
from plugin.records.store import Store
from plugin.sync.call_lists import CallList

NOTE = "call_lists"


@dataclass(frozen=True)
class MadeList:
    """A list that we made; `name` is the one that we gave it. `list_id` is "" until HubSpot has told it."""

    object_type: str
    list_id: str
    name: str


@dataclass(frozen=True)
class ListReport:
    """What was done: (object type, name) of lists made, how many were there, (old, new name)."""

    made: tuple[tuple[str, str], ...]
    kept: int
    renamed: tuple[tuple[str, str], ...] = ()

    def lines(self) -> list[str]:
        """One line a list made or renamed."""
        renamed = [f"list “{old}” is called “{new}” now" for old, new in self.renamed]
        return [f"{kind}: list “{name}” made" for kind, name in self.made] + renamed


class MadeLists:
    """The lists of one portal."""

    def __init__(self, store: Store, crm: Crm, portal_id: int, now: Callable[[], int]) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.now = now
        with store.read() as connection:
            note = portals.watermark(connection, portal_id, NOTE) or {"lists": {}}
        self.known = {key: MadeList(**one) for key, one in note["lists"].items()}

    def make(self, lists: Sequence[CallList]) -> ListReport:
        """Make those that are not there, rename ours that are called otherwise in the mapping's language.

        Raises CrmError, and goes on from there when run again.
        """
        try:
            there, renamed = self.present(), self.rename(lists)
            made = [one for one in lists if one.key not in there and self._made(one)]
        except CrmAuthError as error:
            raise CrmError(
                f"The app may not make lists ({error.message})",
                status=error.status,
                category=error.category,
                cure="Grant it crm.lists.read and crm.lists.write, or install without --lists.",
            ) from error
        told = tuple((one.object_type, one.name) for one in made)
        return ListReport(told, len(lists) - len(made), tuple(renamed))

    def present(self) -> dict[str, MadeList]:
        """Those of ours that are in the CRM, under the names that they have there."""
        self._find_lost()
        names = self.crm.list_names([one.list_id for one in self.known.values() if one.list_id])
        return {
            key: MadeList(one.object_type, one.list_id, names[one.list_id])
            for key, one in self.known.items()
            if one.list_id in names
        }

    def rename(self, lists: Sequence[CallList]) -> list[tuple[str, str]]:
        """Give ours their names in the mapping's language: (old, new) of those that were changed."""
        there, renamed = self.present(), list[tuple[str, str]]()
        for one in lists:
            kept, stands = self.known.get(one.key), there.get(one.key)
            if kept is None or stands is None or kept.name == one.name or stands.name != kept.name:
                continue
            try:
                self.crm.rename_list(kept.list_id, one.name)
            except CrmRefused:
                continue  # another list has that name: ours keeps the one it has
            self._note(one.key, MadeList(one.object_type, kept.list_id, one.name))
            renamed.append((kept.name, one.name))
        return renamed

    def remove(self) -> int:
        """Delete ours from the CRM; returns how many."""
        there = self.present()
        for one in there.values():
            self.crm.drop_list(one.list_id)
        for key in list(self.known):
            self._note(key, None)
        return len(there)

    def _made(self, one: CallList) -> bool:
        """Make a list, unless another has its name."""
        if self.crm.list_named(one.object_type, one.name) is not None:
            return False
        self._note(one.key, MadeList(one.object_type, "", one.name))
        list_id = self.crm.create_list(one.object_type, one.name, [one.filters])
        self._note(one.key, MadeList(one.object_type, list_id, one.name))
        return True

    def _find_lost(self) -> None:
        """The ids of lists that were made without our hearing of it."""
        for key, one in list(self.known.items()):
            if not one.list_id:
                found = self.crm.list_named(one.object_type, one.name)
                self._note(key, found and MadeList(one.object_type, found, one.name))

    def _note(self, key: str, one: MadeList | str | None) -> None:
        self.known.pop(key, None)
        if isinstance(one, MadeList):
            self.known[key] = one
        body: dict[str, Any] = {"lists": {name: asdict(kept) for name, kept in self.known.items()}}
        with self.store.write() as connection:
            portals.set_watermark(connection, self.store, self.portal_id, NOTE, body, self.now())
