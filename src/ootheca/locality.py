"""Localities: the parts of a locality-aware backup by their URIs, and the tiers of a node's place.

Source: reference/sql/07 §6; conformance/*/scenarios/08_uris.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ootheca.errors import InvalidOptionError
from ootheca.uri import URI
from ootheca.url import quoted

__all__ = [
    "DEFAULT_LOCALITY",
    "LOCALITY_PARAM",
    "LocalityURIs",
    "order_localities",
    "parse_locality",
    "resolve_localities",
]

LOCALITY_PARAM: Final = "COCKROACH_LOCALITY"
DEFAULT_LOCALITY: Final = "default"


@dataclass(frozen=True, slots=True)
class LocalityURIs:
    """The places of one backup: where the manifest lies, and by `key=value` where the other parts lie.

    The URIs no longer carry the locality parameter.
    """

    default: URI
    by_locality: Mapping[str, URI]


def resolve_localities(uris: Sequence[URI]) -> LocalityURIs:
    """Sort the URIs of one backup location by their `COCKROACH_LOCALITY` parameter.

    Raises:
        InvalidOptionError: a lone URI with a locality, a missing or doubled default, a doubled or malformed
            locality.
    """
    if len(uris) == 1:
        locality = uris[0].param(LOCALITY_PARAM)
        if locality not in ("", DEFAULT_LOCALITY):
            raise _locality_error(f"{LOCALITY_PARAM} {locality} is invalid for a single BACKUP location")
        return LocalityURIs(_without_locality(uris[0]), MappingProxyType({}))
    default: URI | None = None
    by_locality: dict[str, URI] = {}
    for uri in uris:
        locality = uri.param(LOCALITY_PARAM)
        if not locality:
            raise _locality_error(
                f"multiple URLs are provided for partitioned BACKUP, but {LOCALITY_PARAM} is not specified"
            )
        if locality == DEFAULT_LOCALITY:
            if default is not None:
                raise _locality_error("multiple default URLs provided for partition backup")
            default = _without_locality(uri)
            continue
        try:
            _check_tier(locality)
        except InvalidOptionError as exc:
            raise exc.prefixed("failed to parse backup locality") from exc
        if locality in by_locality:
            raise _locality_error(f"duplicate URIs for locality {locality}")
        by_locality[locality] = _without_locality(uri)
    if default is None:
        raise _locality_error("no default URL provided for partitioned backup")
    return LocalityURIs(default, MappingProxyType(by_locality))


def order_localities(uris: Sequence[URI]) -> tuple[URI, ...]:
    """Order the URIs of one place that is read: first the default's, then those of other localities as they stand.

    The default's is the one that says so, else the first of those that say nothing. Which locality the others are for
    need not be right: what lies there tells it. The URIs no longer carry the locality parameter.
    """
    ranks = {DEFAULT_LOCALITY: 0, "": 1}
    ordered = sorted(uris, key=lambda uri: ranks.get(uri.param(LOCALITY_PARAM), 2))
    return tuple(_without_locality(uri) for uri in ordered)


def _without_locality(uri: URI) -> URI:
    return uri.without_param(LOCALITY_PARAM) if LOCALITY_PARAM in uri.params else uri


def parse_locality(text: str) -> tuple[str, ...]:
    """Return the tiers of a node's locality, `region=east,az=e1`, from the widest to the narrowest.

    Raises:
        InvalidOptionError: a tier that is not `key=value`, or none.
    """
    if not text:
        raise _locality_error("can't have empty locality")
    tiers = tuple(text.split(","))
    for tier in tiers:
        _check_tier(tier)
    return tiers


def _check_tier(tier: str) -> None:
    key, equals, value = tier.partition("=")
    if not (key and equals and value) or "=" in value:
        raise _locality_error(f'tier must be in the form "key=value" not {quoted(tier)}')


def _locality_error(message: str) -> InvalidOptionError:
    return InvalidOptionError(message, sqlstate="XXUUU")
