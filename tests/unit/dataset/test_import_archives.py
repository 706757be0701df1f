"""Archives are taken for hostile."""

import io
import struct
import zipfile

import pytest

from tinyforge.core.errors import DataError
from tinyforge.dataset import import_recordings
from tinyforge.dataset.importers import open_source
from tinyforge.dataset.importers import source as source_module

TABLE = b"aX,aY,aZ,gX,gY,gZ\n" + b"0.1,0.2,1.0,3,4,5\n" * 30


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as stream:
        for name, data in members.items():
            stream.writestr(name, data)
    return path


def test_a_zip_and_a_zip_in_a_folder_read_as_their_content(tmp_path):
    path = archive(
        tmp_path / "data.zip", {"data/stop.csv": TABLE, "__MACOSX/data/._stop.csv": b"\x00", "LICENSE": b"MIT"}
    )
    for source in (path, tmp_path):
        (recording,) = import_recordings(source, rate_hz=100)
        assert (recording.label, len(recording.samples)) == ("stop", 30)


def test_errors_name_the_member(tmp_path):
    path = archive(tmp_path / "data.zip", {"data/stop.csv": TABLE + b"0,0,1,nan,0,0\n"})
    with pytest.raises(DataError) as caught:
        import_recordings(path, rate_hz=100)
    assert str(caught.value).startswith(f"{path}:data/stop.csv:32: column 4 is nan")


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_paths_that_lead_out_are_refused(tmp_path, name):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as stream:
        info = zipfile.ZipInfo("x")
        info.filename = name
        stream.writestr(info, TABLE)
    with pytest.raises(DataError, match="its path leads out of the archive; do not trust this archive"):
        open_source(path)


def test_links_are_refused(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as stream:
        info = zipfile.ZipInfo("link.csv")
        info.external_attr = 0o120777 << 16
        stream.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="is a symbolic link"):
        open_source(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = archive(tmp_path / "bomb.zip", {"big.csv": b"0" * (64 << 20)})
    with pytest.raises(DataError, match=r"unpacks from [0-9]+ to 67108864 bytes, which no recording does"):
        open_source(path)


def test_many_small_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "TOTAL_LIMIT_BYTES", 4 * len(TABLE))
    path = archive(tmp_path / "bombs.zip", {f"{k}.csv": TABLE for k in range(5)})
    with pytest.raises(DataError, match="unpacks to more than"):
        open_source(path)
    monkeypatch.setattr(source_module, "MEMBER_COUNT_LIMIT", 3)
    with pytest.raises(DataError, match="has 5 members, more than 3"):
        open_source(path)


def test_a_file_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "MEMBER_LIMIT_BYTES", 100)
    (tmp_path / "a.csv").write_bytes(TABLE)
    with pytest.raises(DataError, match="is longer than 0 MiB; cut it into several files"):
        import_recordings(tmp_path / "a.csv", rate_hz=100)


def test_a_header_that_lies_about_the_length(tmp_path):
    path = archive(tmp_path / "liar.zip", {"a.csv": TABLE}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", data, data.index(magic) + offset, len(TABLE) + 50)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"unpacks to another length|is damaged"):
        import_recordings(path, rate_hz=100)


def test_a_truncated_archive(tmp_path):
    whole = archive(tmp_path / "data.zip", {"a.csv": TABLE}).read_bytes()
    for cut in (0, 4, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"is no whole zip archive.*fetch or make it again"):
            import_recordings(tmp_path / "cut.zip", rate_hz=100)


def test_flipped_bytes_never_escape_as_another_error(tmp_path):
    whole = archive(tmp_path / "data.zip", {"a.csv": TABLE, "b.csv": TABLE}).read_bytes()
    refused = 0
    for position in range(len(whole)):
        data = bytearray(whole)
        data[position] ^= 0xFF
        (tmp_path / "x.zip").write_bytes(data)
        try:
            import_recordings(tmp_path / "x.zip", rate_hz=100)
        except DataError:
            refused += 1
    assert refused > len(whole) // 3


def test_an_encrypted_member(tmp_path):
    path = archive(tmp_path / "data.zip", {"a.csv": TABLE})
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(magic) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="is encrypted; unpack the archive"):
        open_source(path)


def test_a_zip_by_its_content_whatever_its_name(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        out.writestr("stop.csv", TABLE)
    (tmp_path / "download").write_bytes(stream.getvalue())
    assert [r.label for r in import_recordings(tmp_path / "download", rate_hz=100)] == ["stop"]


def test_an_archive_that_lost_bytes_before_its_directory_is_damaged(tmp_path):
    path = archive(tmp_path / "data.zip", {"stop.csv": TABLE})
    data = path.read_bytes()
    path.write_bytes(data[:40] + data[43:])
    with pytest.raises(DataError) as caught:
        import_recordings(path, rate_hz=100)
    said = "is damaged: it lies outside the archive; fetch or make it again"
    assert str(caught.value) == f"{path}:stop.csv: {said}"


def test_what_a_terminal_would_obey_is_not_said(tmp_path):
    path = archive(tmp_path / "data.zip", {"\x1b[31mstop.csv": TABLE + b"0,0\n"})
    with pytest.raises(DataError) as caught:
        import_recordings(path, rate_hz=100)
    assert str(caught.value).startswith(f"{path}:\ufffd[31mstop.csv:32: 2 columns where 6 belong")
