"""What of an endpoint is judged."""

from __future__ import annotations

from django.db import models

from regions.models import Endpoint


class Family(models.IntegerChoices):
    """What of an endpoint is judged: an address family, or its host name as one (S12)."""

    NAME = 0, "host name"
    IPV4 = 4, "IPv4"
    IPV6 = 6, "IPv6"

    @classmethod
    def of(cls, endpoint: Endpoint) -> list[Family]:
        """What is judged of `endpoint`."""
        if endpoint.hostname:
            return [cls.NAME]
        addresses = {cls.IPV4: endpoint.ipv4, cls.IPV6: endpoint.ipv6}
        return [family for family, address in addresses.items() if address]
