"""Who is served elsewhere so that no region has more to do than it can: the plan that the latency map carries out.

demand by country and network ─┐
estimates and orders of clients ┴─► groups.py ─► solver.py ─► moves.py ─► in the orders of the map's rows
loads, capacities, costs ─────────► rooms.py ───────┘ │
                                                      └─► losses.py: what if a region were lost
"""
