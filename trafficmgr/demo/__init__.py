"""A small world to try everything on: three regions of real HTTP servers, a zone, and visitors from everywhere."""

ORIGIN = "demo.test."
VISITORS = 2_000
"""Networks that come again and again, and measure (telemetry.clients)."""
