"""How far each region is from each group of clients, learned from what clients measured (docs/latency.md)."""
