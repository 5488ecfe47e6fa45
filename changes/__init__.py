"""Changes: what is to become of several objects at once, looked at before it is published, and taken back after.

open ─► edits ─► plan ─► proposed ─► approved ─► published in one transaction ─► generation
"""
