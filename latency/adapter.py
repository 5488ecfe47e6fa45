"""`python -m latency.adapter`: the estimator and what chooses by it, for any data set, as JSON lines (docs/latency.md).

A wrong line changes nothing. It is reported on stderr with its number and field, and on stdout too if its sender waits
for a reply; in the end the exit code is 1. Only the first are reported: not every sender reads stderr.
"""

from __future__ import annotations

import json
import sys
from typing import BinaryIO, TextIO

from latency.conversation import Conversation
from latency.messages import BadFieldError, Bye, read

REPLIED = {"setup", "choose"}
MAX_COMPLAINTS = 100


def converse(lines: BinaryIO, replies: BinaryIO, complaints: TextIO) -> int:
    """Answers until `bye` or the end; the exit code."""
    conversation = Conversation()
    failed = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            message = read(line)
            if isinstance(message, Bye):
                break
            reply = conversation.answer(message)
        except BadFieldError as error:
            failed += 1
            if failed <= MAX_COMPLAINTS:
                print(f"line {number}: {error}", file=complaints, flush=True)
            reply = {"error": f"line {number}: {error}"} if error.op in REPLIED else None
        if reply is not None:
            replies.write(json.dumps(reply).encode() + b"\n")
            replies.flush()
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(converse(sys.stdin.buffer, sys.stdout.buffer, sys.stderr))
