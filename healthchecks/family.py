"""What of an endpoint is judged."""

from __future__ import annotations

from typing import Protocol

from django.db import models


class Reachable(Protocol):
    """An endpoint, or what is known of one."""

    @property
    def hostname(self) -> str | None: ...
    @property
    def ipv4(self) -> str | None: ...
    @property
    def ipv6(self) -> str | None: ...


class Family(models.IntegerChoices):
    """What of an endpoint is judged: an address family, or its host name as one (S12)."""

    NAME = 0, "host name"
    IPV4 = 4, "IPv4"
    IPV6 = 6, "IPv6"

    @classmethod
    def of(cls, endpoint: Reachable) -> list[Family]:
        """What is judged of `endpoint`."""
        if endpoint.hostname:
            return [cls.NAME]
        addresses = {cls.IPV4: endpoint.ipv4, cls.IPV6: endpoint.ipv6}
        return [family for family, address in addresses.items() if address]
