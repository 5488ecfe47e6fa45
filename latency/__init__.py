"""How far each region is from each group of clients, learned from what clients measured (docs/latency.md).

measurements ─► services.py ─► taken.py, intake.py: what is new ─► learner.py ─┬─► ranking.py
                    │                                                          └─► estimator.py ─► levels.py, …
                    ├─► table.py: the map, for edges
                    └─► history.py: turns and checkpoints, from which any state can be had again

adapter.py ─► conversation.py ─► chooser.py ─► estimator.py: the same estimates for data sets of others
"""
