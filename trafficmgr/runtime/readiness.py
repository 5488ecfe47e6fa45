"""Does the system answer?"""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.query

from common.addresses import split_address

TIMEOUT_S = 2.0


def web_is_ready(url: str) -> bool:
    """`GET /readyz` answers 200."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def edge_answers(address: str) -> bool:
    """Any answer to a query, a refusal too, comes from an edge with a snapshot."""
    host, port = split_address(address)
    query = dns.message.make_query(".", "SOA")
    try:
        dns.query.udp(query, host, port=port, timeout=TIMEOUT_S)
    except (OSError, dns.exception.DNSException):
        return False
    return True
