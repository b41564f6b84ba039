"""Makers of worlds: real records, CSV files, or invented ones with known truth. They store nothing.

Every loader answers a `World`: ids are stable and wider than 32 bits, values are wire strings, and each
association is named once: contact → company, deal → contact, deal → company. The store adds the way back.
"""

from plugin.sandbox.loaders.cdnow import cdnow
from plugin.sandbox.loaders.changes import Change, Request, random_changes
from plugin.sandbox.loaders.generate import generate
from plugin.sandbox.loaders.habits import Habits
from plugin.sandbox.loaders.opportunities import opportunities
from plugin.sandbox.loaders.portal_csv import from_csv

__all__ = ["Change", "Habits", "Request", "cdnow", "from_csv", "generate", "opportunities", "random_changes"]
