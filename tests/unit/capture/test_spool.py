"""The take in progress on disk: whatever is left of the file, what had arrived comes back and nothing else."""

import fcntl
import random

import numpy as np
import pytest
from fake_device import rows

from tinyforge.capture import left_over, recovered
from tinyforge.capture.spool import About, Spool, parse
from tinyforge.core.errors import UsageError
from tinyforge.core.facts import Gap
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.link import SampleBlock

ABOUT = About("stöp", "anna", "1", "nano33", "1.2.3", IMU_CHANNELS, 100.0, samples=100)


def filled(folder, blocks):
    spool = Spool(folder, ABOUT)
    number = 0
    for lost, count in blocks:
        number += lost
        spool.write(number, SampleBlock(number, 10_000 * number, rows(number, count), lost))
        number += count
    return spool


def test_what_arrived_comes_back_with_its_gaps(tmp_path):
    filled(tmp_path, [(0, 30), (5, 1), (0, 25)]).leave()
    (left,) = left_over(tmp_path)
    assert (left.about, left.samples) == (ABOUT, 56)
    again = recovered(left)
    assert np.array_equal(again.samples, np.concatenate([rows(0, 30), rows(35, 26)]))
    assert again.facts.gaps == (Gap(30, 5),)
    assert (again.dropped, again.label, again.rate_hz, again.facts.started) == (5, "stöp", 100.0, left.started)


def test_a_recorder_that_lives_is_left_alone(tmp_path):
    spool = filled(tmp_path, [(0, 10)])
    assert left_over(tmp_path) == []
    spool.drop()
    assert list((tmp_path / ".recording").iterdir()) == []
    spool.drop()


def test_a_file_without_a_sample_is_taken_away(tmp_path):
    filled(tmp_path, []).leave()
    assert left_over(tmp_path) == []
    assert list((tmp_path / ".recording").iterdir()) == []
    assert left_over(tmp_path / "none") == []


def test_the_file_cut_anywhere_gives_a_beginning(tmp_path):
    spool = filled(tmp_path, [(0, 20), (0, 20), (3, 20)])
    data = spool.path.read_bytes()
    spool.drop()
    whole = np.concatenate([rows(0, 40), rows(43, 20)])
    counts = set()
    for end in range(0, len(data), 7):
        left = parse(data[:end], spool.path)
        if left is not None and left.blocks:
            got = np.concatenate([block.values for block in left.blocks])
            assert np.array_equal(got, whole[: len(got)])
            counts.add(len(got))
    assert counts == {20, 40}


def test_a_file_damaged_anywhere_never_gives_a_wrong_sample(tmp_path):
    spool = filled(tmp_path, [(0, 5)] * 12)
    data = spool.path.read_bytes()
    spool.drop()
    head = data.index(b"\n") + 1
    chance = random.Random(3)
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(head, len(data))] = chance.randrange(256)
        for block in parse(bytes(damaged), spool.path).blocks:
            assert np.array_equal(block.values, rows(block.first_index, len(block.values)))


@pytest.mark.parametrize("head", [b"", b"{}\n", b"[]\n", b'{"tinyforge-take": 2}\n', b"\xff\n", b"[" * 5000 + b"\n"])
def test_a_foreign_file_is_no_take(tmp_path, head):
    assert parse(head, tmp_path) is None


def test_a_full_disk_is_told():
    spool = Spool.__new__(Spool)
    spool.path = "/dev/full"
    spool._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    fcntl.flock(spool._file, fcntl.LOCK_EX)
    with pytest.raises(UsageError) as caught:
        spool.write(0, SampleBlock(0, 0, rows(0, 5), 0))
    assert str(caught.value) == (
        "/dev/full: cannot write: No space left on device; free some space and run the command again; nothing was lost"
    )
    spool._file.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        Spool(tmp_path / "file", ABOUT)
