"""A desk over a shop's books: how the API starts workflows."""

from typing import Any

from api.desk import Desk
from config.settings import Settings
from engine.link import TemporalLink
from tests.shop.shop import Shop


def a_desk_of(shop: Shop, **settings: Any) -> Desk:
    """The simulated reviewer approves at once, unless `settings` say otherwise."""
    given = Settings.model_validate({"review_seconds": 0, **settings})
    return Desk(settings=given, db=shop.db, link=TemporalLink(given), tag=shop.tag)
