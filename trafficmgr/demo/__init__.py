"""A small world to try everything on: three regions of real HTTP servers, a zone, and visitors from everywhere."""

ORIGIN = "demo.test."
