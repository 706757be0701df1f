"""Public sets from a local server: resumed, checked, and refused when they are not what the card says."""

from __future__ import annotations

import hashlib
import http.server
import threading
from functools import partial
from typing import ClassVar

import pytest

from tinyforge.cli import main
from tinyforge.core.errors import ConfigError, DataError, UsageError
from tinyforge.pipeline.downloads import CARD, catalogue, download, find_card, import_command, load_card

CONTENT = bytes(range(256)) * 1200
SIZE = 307_200


class Server(http.server.BaseHTTPRequestHandler):
    """Answers from ``files``; cuts the connection after ``cut`` bytes of a body; understands Range when ``ranges``."""

    files: ClassVar[dict[str, bytes]] = {}
    cut = 0
    ranges = True
    status = 0
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        type(self).asked.append(self.headers.get("Range", ""))
        body = self.files.get(self.path)
        if body is None or self.status:
            self.send_error(self.status or 404)
            return
        start = 0
        if self.ranges and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        rest = body[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.cut] if self.cut else rest)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    kind = type("OneServer", (Server,), {"files": {"/takes.csv": CONTENT}, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as running:
        threading.Thread(target=partial(running.serve_forever, poll_interval=0.01), daemon=True).start()
        kind.url = f"http://127.0.0.1:{running.server_port}/takes.csv"
        yield kind
        running.shutdown()


def card(folder, url, *, sha256="", size=SIZE, name="takes.csv"):
    folder.mkdir(exist_ok=True)
    digest = sha256 or hashlib.sha256(CONTENT).hexdigest()
    (folder / CARD).write_text(
        'title = "t"\nsource = "s"\nlicence = "MIT"\npeople = 1\nrate_hz = 119.0\nchannels = [["ax", "g"]]\n'
        f'[import]\nformat = "csv"\nrate_hz = 119.0\ntake_samples = 119\n'
        f'[[file]]\nname = "{name}"\nurl = "{url}"\nsha256 = "{digest}"\nbytes = {size}\n'
    )
    return folder


def test_whole_and_not_again(server, tmp_path):
    known = load_card(card(tmp_path / "set", server.url))
    told = []
    result = download(known, tmp_path / "out", lambda *said: told.append(said))
    assert (tmp_path / "out" / "takes.csv").read_bytes() == CONTENT
    assert result["fetched"] == len(CONTENT)
    assert told[-1] == (len(CONTENT), len(CONTENT), "takes.csv")
    assert download(known, tmp_path / "out")["fetched"] == 0
    assert len(server.asked) == 1


def test_an_interrupted_file_goes_on_where_it_stopped(server, tmp_path):
    known = load_card(card(tmp_path / "set", server.url))
    server.cut = 100_000
    result = download(known, tmp_path / "out")
    assert (tmp_path / "out" / "takes.csv").read_bytes() == CONTENT
    assert result["fetched"] == len(CONTENT)
    assert server.asked == ["", "bytes=100000-", "bytes=200000-", "bytes=300000-"]


def test_a_server_that_knows_no_ranges_starts_again(server, tmp_path):
    known = load_card(card(tmp_path / "set", server.url))
    server.ranges = False
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "takes.csv.part").write_bytes(CONTENT[:1000])
    assert download(known, tmp_path / "out")["fetched"] == len(CONTENT)
    assert (tmp_path / "out" / "takes.csv").read_bytes() == CONTENT


def test_what_never_comes_whole_is_said_and_kept(server, tmp_path):
    known = load_card(card(tmp_path / "set", server.url))
    server.cut = 10
    with pytest.raises(DataError) as caught:
        download(known, tmp_path / "out")
    assert caught.value.fact == f"cannot be fetched: 40 of {len(CONTENT)} bytes came"
    assert caught.value.way_out == "the same command goes on where it stopped"
    assert (tmp_path / "out" / "takes.csv.part").stat().st_size == 40
    assert not (tmp_path / "out" / "takes.csv").exists()


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) - 1])
def test_another_content_is_refused_and_not_kept(server, tmp_path, size):
    known = load_card(card(tmp_path / "set", server.url, sha256="0" * 64, size=size))
    with pytest.raises(DataError) as caught:
        download(known, tmp_path / "out")
    assert "has another content than its card says" in caught.value.fact or "bytes" in caught.value.fact
    assert not (tmp_path / "out" / "takes.csv").exists()


def test_a_file_that_is_gone(server, tmp_path):
    known = load_card(card(tmp_path / "set", server.url))
    server.status = 410
    with pytest.raises(DataError) as caught:
        download(known, tmp_path / "out")
    assert caught.value.fact == "the server says 410 Gone"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"name": "../takes.csv"}, '"../takes.csv" leaves the folder'),
        ({"name": "/etc/passwd"}, '"/etc/passwd" leaves the folder'),
        ({"sha256": "abc"}, '"abc" is no SHA-256'),
    ],
)
def test_a_card_that_cannot_be_trusted(tmp_path, change, fact):
    folder = card(tmp_path / "set", "https://example.org/takes.csv", **change)
    with pytest.raises(ConfigError) as caught:
        load_card(folder)
    assert caught.value.fact == fact


def test_only_https_from_elsewhere(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_card(card(tmp_path / "set", "http://example.org/takes.csv"))
    assert caught.value.fact == '"http://example.org/takes.csv" is not https'


def test_the_cards_that_tinyforge_brings():
    cards = {one.name: one for one in catalogue()}
    assert {"nano33_gestures", "police", "wand_spells", "watch_activities", "xiao_circles"} <= set(cards)
    for one in cards.values():
        assert one.files or one.generator
        assert one.title
        assert one.notes
    assert cards["watch_activities"].people == 23
    assert {c.unit for c in cards["watch_activities"].channels} == {"m/s^2", "rad/s"}


def test_an_unknown_set_and_a_generated_one(tmp_path):
    with pytest.raises(UsageError) as caught:
        find_card("nano33_gesture")
    assert caught.value.way_out == 'did you mean "nano33_gestures"?'
    with pytest.raises(UsageError) as caught:
        download(find_card("police"), tmp_path)
    assert caught.value.fact == "is generated, there is nothing to download"


def test_the_command_says_how_to_go_on(server, tmp_path, capfd):
    folder = card(tmp_path / "set", server.url)
    with pytest.raises(SystemExit) as ended:
        main(["dataset", "download", str(folder), "--to", str(tmp_path / "out")])
    assert ended.value.code == 0
    known = load_card(folder)
    command = f"tinyforge dataset import {tmp_path / 'out'} --format csv --rate 119 --take-samples 119"
    assert import_command(known, tmp_path / "out") == command
    spaced = import_command(known, tmp_path / "my out")
    assert spaced.startswith(f"tinyforge dataset import '{tmp_path / 'my out'}'")
    assert "next: `tinyforge dataset import" in capfd.readouterr().out
