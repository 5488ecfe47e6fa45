"""The feed, served to other edges by one that follows it: for a site, or for a thousand edges beside one web tier.

    web process ══events, chunks══► relay ══events, chunks══► edges of the site
                ◄═════reports══════       ◄═════reports══════

    visitors   whose token is good: asked of the control plane once, remembered while it is away
    news       what streams are told: encoded once, however many follow
    maps       the latency map, as the messages that lead to it
    chunks     content under its digest: from the disk, and what is not there from above
    plain      the manifest for edges of the release before
    listener   the same paths as a web process, over HTTP or HTTPS

A relay adds nothing and decides nothing. Chunks are named by their digest, which edges verify; generations, health and
latency maps only rise there. Reports go up at once under the token of who made them, so what cannot be passed on waits
at its author. While a relay has no contact itself it follows nobody's lead: it ends its streams, so that edges look for
another feed and know their own age, and still gives the snapshot that it has.
"""
