"""Which addresses may be probed (H9): a check must not become a way into the network of the prober."""

from __future__ import annotations

from functools import lru_cache

from common.special_addresses import is_special


class RefusedAddressError(Exception):
    """The address is not public and probing such addresses is not allowed here."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address: set TRAFFICMGR_PROBE_PRIVATE=1 to probe such addresses")
        self.address = address


def require_allowed(address: str, *, allow_private: bool) -> None:
    """Raises RefusedAddressError for a private, loopback, link-local or otherwise special `address` unless allowed."""
    if not allow_private and _is_special(address):
        raise RefusedAddressError(address)


@lru_cache(maxsize=65_536)
def _is_special(address: str) -> bool:
    return is_special(address)
