"""Locks between processes, and keys one by one."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tinyforge.core.locks import lock, try_lock

HOLD = """
import sys
from tinyforge.core.locks import try_lock
stream = open(sys.argv[1], "a+")
print(try_lock(stream), flush=True)
sys.stdin.readline()
"""


def test_one_process_holds_a_lock_until_it_ends(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "True\n"
        with path.open("a+") as stream:
            assert not try_lock(stream)
            holder.kill()
            lock(stream)  # waits for the other one's end
            with path.open("a+") as second:
                assert not try_lock(second)
        with path.open("a+") as stream:
            assert try_lock(stream)


KEYS = """
import sys, time
from tinyforge.cli import keys
with keys.key_by_key():
    print("ready", flush=True)
    found = ""
    while "q" not in found:
        found += keys.pressed()
        time.sleep(0.01)
    print("keys", found, flush=True)
    with keys.line_by_line():
        print("line", input(), flush=True)
"""


def test_keys_come_one_by_one_and_lines_when_asked_for():
    child, parent = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", KEYS])  # noqa: S606  this interpreter
    said = b""

    def until(word):
        nonlocal said
        while word not in said:
            said += os.read(parent, 1024)

    until(b"ready")
    os.write(parent, b"Abq")
    until(b"keys abq")
    os.write(parent, b"a note\n")
    until(b"line a note")
    os.waitpid(child, 0)
    os.close(parent)
