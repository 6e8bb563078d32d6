"""Serves the two interfaces of the sample county, hotline and market supervision, on loopback.

Their secrets are made for one run, and are in the environment for the pull; whoever pulls beside the demo gets all that
a pull needs from what is yielded here. Tenancies and inspections are the SQLite file of the sample.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.ingest.source_locations import SourceLocations
from hub.sample.hotline import serve_hotline
from hub.sample.whole.market import MarketRules, serve_market

_CLIENT = "county-hub"
_SECRETS = ("HOTLINE_KEY", "MARKET_SECRET")


@contextmanager
def served_interfaces(sources: Path, county: Path) -> Iterator[SourceLocations]:
    """Serve them while the block runs; yields where the sources of a folder find the registers of `county`.

    Raises `ServerFailed` if a server does not come up, `OSError` if a register is not there.
    """
    made = {name: secrets.token_urlsafe(16) for name in _SECRETS}
    os.environ.update(made)
    rules = MarketRules(_CLIENT, made["MARKET_SECRET"])
    try:
        with (
            serve_hotline(county / "hotline", made["HOTLINE_KEY"]) as hotline,
            serve_market(county / "market", rules) as market,
        ):
            variables = {
                "HOTLINE_URL": hotline,
                "MARKET_URL": market,
                "RENTAL_DB": str(county / "rental" / "rental.sqlite"),
            }
            yield SourceLocations(str(sources), str(county), variables, made)
    finally:
        for name in _SECRETS:
            os.environ.pop(name, None)
