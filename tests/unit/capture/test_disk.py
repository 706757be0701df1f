"""Disks that are full or read only, as the kernel makes them."""

import subprocess

import pytest
from desk import ScriptedDesk
from fake_device import ClockedPort, FakeBoard

from tinyforge.capture.session import Plan, Session
from tinyforge.core.errors import UsageError
from tinyforge.dataset import RecordingStore
from tinyforge.link import Link


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, which may be made read only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def session(folder, count):
    port = ClockedPort(FakeBoard())
    plan = Plan(("stop",), "anna", duration_s=1.0, count=count, usual_hz=100.0)
    store = RecordingStore(folder / "dataset")
    return store, Session(
        lambda: Link(port, clock=port.clock), plan, store, ScriptedDesk(live=False), clock=port.clock, sleep=port.sleep
    )


def test_a_disk_that_fills_up_costs_the_take_it_has_no_room_for(small_disk):
    store, taking = session(small_disk, 100)
    with pytest.raises(UsageError, match="cannot write: No space left on device; free some space"):
        taking.run()
    entries = RecordingStore(store.folder).entries()
    assert len(entries) >= 3
    listed = {entry.id for entry in entries}
    assert set(taking.kept) <= listed  # and at most the one whose file had room, but not its line in the manifest
    assert len(listed) <= len(taking.kept) + 1
    for entry in entries:
        assert len(store.load(entry.id).samples) == 100
    assert not list(store.folder.rglob("*.tmp"))


def test_a_folder_on_a_read_only_disk_is_told(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    _, taking = session(small_disk, 1)
    with pytest.raises(UsageError) as caught:
        taking.run()
    assert "cannot write: Read-only file system; choose a folder that can be written" in str(caught.value)
