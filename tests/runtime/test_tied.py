"""A tied process ends with its parent, however the parent ends, and its presence shows in the lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trafficmgr.runtime.service_account import ServiceAccount
from trafficmgr.runtime.state_directory import StateDirectory
from trafficmgr.runtime.tying import tie
from trafficmgr.runtime.waiting import wait_until

PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
child.wait()
"""
STUBBORN = """
import signal, sys
from trafficmgr.runtime import leash
leash.GRACE_S = 0.2
leash.hold_leash()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("runs", flush=True)
while True:
    signal.pause()
"""
CHILD = [sys.executable, "-c", "import signal; print('runs', flush=True); signal.pause()"]


@pytest.fixture
def state(home):
    return StateDirectory.open(home)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_a_tied_process_ends_when_its_parent_is_killed(state, blow):
    command = [sys.executable, "-c", PARENT, *tie(CHILD, signal="SIGTERM", lock=state.children_lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid, word = parent.stdout.readline().split()
        assert word == "runs"
        assert state.has_leftovers()
        parent.send_signal(blow)

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 10, "the child ends")
    assert not state.has_leftovers()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_a_process_of_another_account_is_tied_as_well(state):
    child = ["/bin/sh", "-c", "echo runs; exec sleep 600"]  # a program that every account may run
    tied = tie(child, signal="SIGTERM", lock=state.children_lock, account=ServiceAccount("nobody", 65534, 65534))
    with subprocess.Popen([sys.executable, "-c", PARENT, *tied], stdout=subprocess.PIPE, text=True) as parent:
        pid, _word = parent.stdout.readline().split()
        assert Path(f"/proc/{pid}").stat().st_uid == 65534
        parent.kill()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 10, "the child ends")


def test_who_takes_no_leave_says_where_it_stands_and_is_ended(tmp_path):
    log = tmp_path / "log"
    child = ["/bin/sh", "-c", f'exec "$@" 2>{log}', "sh", sys.executable, "-c", STUBBORN]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *tie(child, signal="SIGTERM")], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid, word = parent.stdout.readline().split()
        assert word == "runs"
        parent.kill()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 10, "the child ends")
    assert "in <module>" in log.read_text()


def test_who_is_not_tied_outlives_its_parent():
    untied = [sys.executable, "-c", STUBBORN.replace("signal.SIG_IGN", "signal.SIG_DFL")]
    with subprocess.Popen([sys.executable, "-c", PARENT, *untied], stdout=subprocess.PIPE, text=True) as parent:
        pid, word = parent.stdout.readline().split()
        assert word == "runs"
        threads = Path(f"/proc/{pid}/task").iterdir()
        assert len(list(threads)) == 1, "nobody watches its parent"
        parent.kill()

    os.kill(int(pid), signal.SIGTERM)
