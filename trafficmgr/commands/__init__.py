"""The command line of trafficmgr, one module a subject (trafficmgr/cli.py lists them)."""
