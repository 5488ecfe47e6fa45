"""`trafficmgr edge top`: what an edge does, in a terminal, from its own `/metrics`; the control plane may be gone.

/metrics ─► Reading ─┐
/metrics ─► Reading ─┴─ the difference ─► frame (lines of text) ─► screen
"""
