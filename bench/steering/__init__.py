"""How well clients are steered in a synthetic world, by ours and by simpler ways (docs/latency.md)."""
