"""What a process of `trafficmgr web` loads: pages are answered by threads of their line, and what is loaded is held."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import asyncio, gc, threading
from trafficmgr.commands.web import APPLICATION, load
application, sent = load(APPLICATION), []
assert gc.get_freeze_count() > 50_000, gc.get_freeze_count()
async def receive():
    return {"type": "http.request"}
async def send(message):
    sent.append(message)
scope = {"type": "http", "path": "/healthz", "method": "GET", "query_string": b"", "headers": [(b"host", b"localhost")]}
asyncio.run(application(scope, receive, send))
assert sent[0]["status"] == 200, sent
assert any(thread.name.startswith("below /") for thread in threading.enumerate())
"""
NOTHING = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "BROKER_URL": "memory://"}


def test_a_web_process_answers_from_its_lines_and_holds_what_it_has_loaded():
    variables = os.environ | NOTHING | {"TRAFFICMGR_SECRET_KEY": "x" * 50}
    subprocess.run([sys.executable, "-c", SCRIPT], env=variables, check=True, timeout=120)
