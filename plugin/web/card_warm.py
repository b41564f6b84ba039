"""Does, before a web process answers, what the first look at a card would else wait for.

Loading a language's dates and numbers takes up to half a second on a busy machine, and the first computation
starts its library's threads. None of it is kept from one process to the next.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import get_args

from plugin.clock import from_milliseconds
from plugin.errors import LifecycleError
from plugin.mapping.model import Language
from plugin.records import lookup, portals
from plugin.records.portals import Portal
from plugin.web import card_view
from plugin.web.card_texts import Speech, words
from plugin.web.customers import Customers

PORTALS = 3  # a configuration of their own is all that further ones would add

log = logging.getLogger(__name__)


def warm(customers: Customers) -> None:
    """Say something in every language, and look at one customer of each portal; a fault hinders nothing."""
    for language in get_args(Language):
        _speak(Speech(language, "EUR", "UTC"))
    try:
        with customers.context.store.read() as connection:
            served = portals.served(connection)
        for portal in served[:PORTALS]:
            _look(customers, portal)
    except LifecycleError as error:
        log.warning("cards not prepared", extra={"code": error.code})


def _speak(speech: Speech) -> None:
    words(speech.language)
    speech.day(date(2026, 1, 2))
    speech.days(2)
    speech.purchases(2)
    speech.money("2.5")
    speech.percent("0.5")
    speech.decimal("2.5")
    speech.moment(from_milliseconds(0))


def _look(customers: Customers, portal: Portal) -> None:
    context = customers.context.current(portal.portal_id)
    _speak(card_view.speech_of(context, portal))
    with customers.context.store.read() as connection:
        for kind in context.mapping.customer_objects():
            someone = lookup.anyone(connection, portal.portal_id, kind)
            if someone is not None:
                card_view.told(customers, connection, portal, (kind, someone))
