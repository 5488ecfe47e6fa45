"""Real user measurements: what browsers and applications found the way to an endpoint to take.

browser ── candidates ──► token, probe URLs                                 api/rum.py
   │                                                                        │
   └─ beacons ─┐                                                            ▼
               ├─► beacon.py ─► judging.py ─► ledger.py ─► BeaconWindow, CountedBeacon, RefusedBeacons
application ───┘   well-formed?  believable?   once each, as sketches (sketch.py)
                                                  │
                             services.windows ◄───┘

Nothing below the doors sees a whole client address: clients.py cuts it first.
"""
