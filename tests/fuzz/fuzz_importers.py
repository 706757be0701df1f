"""Fuzzing of the importers of data sets.

    python tests/fuzz/fuzz_importers.py --count 20000 --seed 1 [--kind csv] [--show NUMBER FILE]

A small whole file of every kind (and a zip of it) is damaged: bytes, pieces, words that mean something, lengths,
columns. `read_recordings` must give recordings whose samples are finite, or refuse with a `DataError` that names the
file, a fact and a way out; any other exception, a warning, more than 5 s of CPU or more than 1 GB are defects.

A mutant is its number: the same seed and number give the same bytes. ``--show`` writes one to a file.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cbor2
import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS, Recording
from tinyforge.dataset import ImportOptions, export_recordings, read_recordings

MOST_SECONDS, MOST_BYTES = 5.0, 1 << 30
WORDS = (
    b"nan", b"-inf", b"1e999", b"1e-999", b"--1", b"0x10", b"1_000", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00",
    b"\xed\xa0\x80", b",", b";", b"\t", b"\n", b"\r", b"\n\n", b'"', b"'", b"[", b"]", b"{", b"}", b":", b"@data",
    b"@classLabel", b"?",
    b"timestamp", b"label", b"ax", b"-,-,-", b"#", b"../", b"C:\\", b"9" * 400, b"1" * 40, b"true", b"null", b"-0",
    b".", b"," * 2000, b"\n" * 2000, b"[" * 2000, b"0," * 1500,
)  # fmt: skip
NAMES = ("s01/", "._", "a,b[", "\x1b[31m", "é", " ", "x" * 200, "__MACOSX/")


class TooSlow(BaseException):
    """Raised by the timer; no ``except Exception`` may keep it."""


def _signal(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal([0, 0, 1, 0, 0, 0], 0.1, (count, 6)).astype(np.float32)


def _rows(samples: np.ndarray, comma: str = ",") -> str:
    return "".join(comma.join(f"{value:.4f}" for value in row) + "\n" for row in samples)


def seeds() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Name of a kind and its files."""
    six = _signal(24, 1)
    plain = Recording(six, IMU_CHANNELS, 100.0, label="a", subject="s", times_ms=np.arange(24.0) * 10)
    varied = Recording(six, IMU_CHANNELS, 50.0, sample_labels=("a",) * 12 + ("b",) * 12, placement="wrist")
    head = "aX,aY,aZ,gX,gY,gZ\n"
    yield "csv", {"go.csv": (head + _rows(six)).encode()}
    yield "blank", {"go.csv": (head + _rows(six[:8]) + "\n" + _rows(six[8:16]) + "\n" + _rows(six[16:])).encode()}
    yield "headless", {"go.tsv": _rows(six, "\t").encode(), "stop.csv": _rows(six, ";").encode()}
    stamped = "".join(f"{line},{1000 + 10 * k},{'abc'[k // 8]}\n" for k, line in enumerate(_rows(six).splitlines()))
    title = "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n"
    yield "stamped", {"DATA/s01/s01_01_sw.csv": (title + stamped).encode()}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "edge-impulse", "npz", "parquet"):
            made = export_recordings(Path(folder) / kind / "set", ["r1", "r2"], [plain, varied], kind)
            yield (
                f"own {kind}",
                {file.name if len(made) < 3 else _under(file, kind): file.read_bytes() for file in made},
            )
            if kind == "edge-impulse":
                document = json.loads(made[0].read_bytes())
                yield "cbor", {"go.cbor": cbor2.dumps(document)}
    yield "magic-wand", {"output_wing_me.txt": b"-,-,-\r\n" + _rows(six[:, :3]).replace("\n", "\r\n").encode() * 2}
    series = ":".join(",".join(f"{value:.3f}" for value in column) for column in six.T[:3])
    yield (
        "ts",
        {"x.ts": f"@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n{series}:a\n{series}:b\n".encode()},
    )
    window = " ".join(f"{value: .7e}" for value in six[:, 2])
    yield (
        "uci",
        {
            f"U/train/{name}_train.txt": content.encode()
            for name, content in (
                *((f"Inertial Signals/total_acc_{axis}", f" {window}\n" * 3) for axis in "xyz"),
                ("y", "1\n1\n2\n"),
                ("subject", "1\n1\n2\n"),
            )
        }
        | {"U/activity_labels.txt": b"1 WALK\n2 SIT\n"},
    )


def _under(file: Path, kind: str) -> str:
    return "/".join(file.parts[file.parts.index(kind) + 2 :])


def packed(files: dict[str, bytes]) -> bytes:
    """A zip of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to four changes."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        length = min(rng.choice((1, 2, 8, 64, 512)), len(out) - at)
        change = rng.randrange(8)
        if change == 0 and at < len(out):
            out[at] = rng.randrange(256)
        elif change == 1 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif change == 2:
            out[at:at] = rng.choice(WORDS)
        elif change == 3:
            out[at : at + length] = rng.choice(WORDS)
        elif change == 4:
            del out[at : at + length]
        elif change == 5:
            out[at:at] = out[at : at + length] * rng.choice((1, 2, 50))
        elif change == 6:
            del out[at:]
        else:
            lines = bytes(out).split(b"\n")
            rng.shuffle(lines) if rng.randrange(2) else lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            out = bytearray(b"\n".join(lines))
    return bytes(out)


def mutant(corpus: list[tuple[str, dict[str, bytes]]], seed: int, number: int) -> tuple[str, dict[str, bytes]]:
    """Name of the kind and the files of mutant ``number``; a single file called ``set.zip`` is an archive."""
    rng = random.Random((seed << 40) + number)
    kind, files = corpus[rng.randrange(len(corpus))]
    files = dict(files)
    name = rng.choice(sorted(files))
    zipped = rng.randrange(4)
    if zipped == 0:
        return f"{kind}, zip", {"set.zip": damaged(packed(files), rng)}
    files[name] = damaged(files[name], rng)
    if rng.randrange(20) == 0:
        files[rng.choice(NAMES) + name.rsplit("/", maxsplit=1)[-1]] = files.pop(name)
    return (f"{kind}, zipped", {"set.zip": packed(files)}) if zipped == 1 else (kind, files)


def judged(files: dict[str, bytes], folder: Path) -> tuple[str, str]:
    """What became of it (``read``, ``refused``, ``defect``), and why."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    path = folder / "set.zip" if "set.zip" in files else folder
    try:
        result = read_recordings(path, ImportOptions(rate_hz=None if (folder / "info.labels").exists() else 100.0))
    except DataError as error:
        if str(folder) not in error.place or not error.fact.strip() or not error.way_out.strip():
            return "defect", f"says too little: {error!r}"
        if not str(error).isprintable() or len(str(error)) > 2000:
            return "defect", f"does not print: {error!r}"
        return "refused", re.sub(r"[\d.]+|'.*'|\".*\"", "#", error.fact)[:80]
    except (Exception, TooSlow):  # whatever it is
        return "defect", traceback.format_exc()
    if not result.recordings or not all(np.isfinite(one.samples).all() for one in result.recordings):
        return "defect", "no recordings, or samples that are no numbers"
    return "read", ""


def _peak_bytes() -> int:
    """Most memory this process had; ``ru_maxrss`` would hold its parent's too."""
    return next(int(line.split()[1]) << 10 for line in Path("/proc/self/status").open() if line.startswith("VmHWM:"))


def run(count: int, seed: int, kind: str, report: Callable[[int, str, str], None]) -> collections.Counter[str]:
    """Judge mutants; ``report`` is told number, name and reason of each defect."""
    corpus = [one for one in seeds() if kind in one[0]]
    kinds: collections.Counter[str] = collections.Counter()

    def alarm(number: int, frame: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGVTALRM, alarm)
    for number in range(count):
        name, files = mutant(corpus, seed, number)
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
            try:
                with warnings.catch_warnings(action="error"):
                    what, why = judged(files, Path(folder))
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        kinds["slowest ms"] = max(kinds["slowest ms"], round(1000 * (time.process_time() - start)))
        kinds[what] += 1
        kinds[f"{what}: {why}" if what == "refused" else f"{what}: {name}"] += 1
        if what == "defect":
            report(number, name, why)
    peak = _peak_bytes()
    kinds["peak MB"] = peak >> 20
    if peak > MOST_BYTES:
        kinds["defect"] += 1
        report(-1, "memory", f"{peak >> 20} MB")
    return kinds


def told(count: int, seed: int) -> tuple[collections.Counter[str], list[tuple[int, str, str]]]:
    """What ``run`` counts, and its defects."""
    defects: list[tuple[int, str, str]] = []
    return run(count, seed, "", lambda *one: defects.append(one)), defects


def main() -> int:
    """Say what became of the mutants; 1 where there was a defect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", default="", help="only kinds whose name holds this")
    parser.add_argument("--show", nargs=2, metavar=("NUMBER", "FOLDER"))
    parser.add_argument("--verbose", action="store_true", help="count reasons of refusals too")
    options = parser.parse_args()
    if options.show:
        corpus = [one for one in seeds() if options.kind in one[0]]
        name, files = mutant(corpus, options.seed, int(options.show[0]))
        for file, data in files.items():
            path = Path(options.show[1]) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        sys.stdout.write(f"{name}\n")
        return 0

    def say(number: int, name: str, why: str) -> None:
        sys.stdout.write(f"DEFECT {number} of {name}: {why}\n")
        sys.stdout.flush()

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, resource.RLIM_INFINITY))
    kinds = run(options.count, options.seed, options.kind, say)
    for what, count in sorted(kinds.items()):
        if options.verbose or ":" not in what:
            sys.stdout.write(f"{what:12} {count}\n")
    return int(kinds["defect"] > 0)


if __name__ == "__main__":
    sys.exit(main())
