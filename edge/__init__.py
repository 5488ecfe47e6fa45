"""The agent on an edge node: fetches snapshots and health, keeps them on disk, has the responder serve them.

    feed ──events──► watch ──generation──► updater ──► verify ──► store (disk)
      ▲                └─────health──────────────────┐     └──► serving ──► responder (UDP, TCP)
      └──────────────reports◄── reporter ◄──counters─┴─────────────┘

Nothing here needs the control plane to answer queries: a node starts from its own disk and serves on without contact.
"""
