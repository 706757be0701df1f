"""``kill -9`` in the middle of a session costs nothing that was kept."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_sessions.py")


def run(tmp_path, kills, timeout):
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path, str(kills)], capture_output=True, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, done.stderr[-3000:]
    kept, cut, recovered = map(int, re.findall(r"(\d+) (?:recordings kept|cut takes|recovered)", done.stdout))
    assert cut == recovered
    return kept, cut


def test_a_session_killed_at_any_moment_loses_nothing_it_had_kept(tmp_path):
    kept, cut = run(tmp_path, 20, 1500)
    assert kept > 5
    assert cut > 5


@pytest.mark.heavy
def test_two_hundred_kills(tmp_path):
    run(tmp_path, 200, 3600)
