"""Measures what an answer costs, beside other servers on the same machine (docs/performance.md)."""
