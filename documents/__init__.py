"""What operators declare, as documents: the one form in which objects are read and written from outside.

    JSON, YAML, TOML ─► Kind.store ─► serializer ─► service ─► rows
    rows ─► Kind.shown ─► JSON, YAML, TOML

The REST API, plans of changes and files of the command line all go through here, so that none of them can write
what another one would refuse.
"""
