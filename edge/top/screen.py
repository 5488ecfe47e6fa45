"""The terminal that `top` draws on: plain ANSI, so it works wherever ssh does."""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from edge.top.frame import frame
from edge.top.reading import Interval, Reading, UnreadableError, fetch

OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, END_OF_LINE, END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
QUIT = {b"q", b"Q", b"\x03", b"\x04"}


def print_once(url: str, interval_s: float) -> None:
    """One frame, of the next `interval_s`. Raises UnreadableError."""
    before = fetch(url, time.monotonic())
    time.sleep(interval_s)
    now = fetch(url, time.monotonic())
    size = shutil.get_terminal_size()
    print("\n".join(frame(Interval(before, now), url, size.columns, size.lines)))  # noqa: T201 - what it is for


def watch(url: str, interval_s: float) -> None:
    """A frame each `interval_s`, until `q` or Ctrl-C. An edge that does not answer is said, and asked again."""
    before: Reading | None = None
    with _terminal():
        while True:
            try:
                now = fetch(url, time.monotonic())
                _draw(url, before or now, now)
                before = now
            except UnreadableError as error:
                _show([str(error), "", "asking again; q quits"])
            if _quit_within(interval_s):
                return


def _draw(url: str, before: Reading, now: Reading) -> None:
    size = shutil.get_terminal_size()
    _show(frame(Interval(before, now), url, size.columns, size.lines))


def _show(lines: list[str]) -> None:
    sys.stdout.write(HOME + f"{END_OF_LINE}\r\n".join(lines) + END_OF_LINE + END_OF_SCREEN)
    sys.stdout.flush()


def _quit_within(seconds: float) -> bool:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        readable, _, _ = select.select([sys.stdin], [], [], left)
        if readable:
            pressed = os.read(sys.stdin.fileno(), 1)
            if not pressed or pressed in QUIT:
                return True
    return False


@contextmanager
def _terminal() -> Iterator[None]:
    """Keys come at once and are not shown; whatever happens, the terminal is as before afterwards."""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setraw(keyboard)
        sys.stdout.write(OTHER_SCREEN)
        yield
    finally:
        sys.stdout.write(OWN_SCREEN)
        sys.stdout.flush()
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
