"""From transitions to people: none is lost, and none is told about twice in a window.

Transition, alarms ── take_in ─► Incident of each rule ── plan ─► Delivery to each channel ── deliver ─► receiver
            (a cursor)                        (grouping, quiet hours)      (the outbox)     (again until it took it)
changes, generations ── tell ─► Happening ── take_in ─► Notice of each rule ─┘
"""
