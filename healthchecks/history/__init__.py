"""What probes saw, kept by the minute and then by the hour.

probe ─► MinuteLog in the worker ── once a minute ─► MinuteOutcomes ── roll_up ─► HourOutcomes
                                                           └─────────┬─────────────────┘
                                                    reading: percentiles, availability
"""
