"""What every refusal to run on this machine has in common."""


class StartError(Exception):
    """Starting is not possible. The message says why and what to do; the command line prints it and ends with 1."""
