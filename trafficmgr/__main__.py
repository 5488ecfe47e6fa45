"""`python -m trafficmgr`: the command line without an installed script."""

from trafficmgr.cli import main

main()
