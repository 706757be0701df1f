"""Fuzzing of the model reader and of everything behind it, up to the generated C.

    python tests/fuzz/fuzz_reader.py --count 20000 --seed 1

Mutated models go through ``compile_model`` and the ``aot`` runtime's printer. Each must be compiled or refused by a
``ModelFormatError`` or an ``UnsupportedModelError`` with place, fact and way out; any other exception, a warning, more
than 2 s of CPU or more than 512 MB are defects. ``--deep N`` also runs N of what was compiled: C under the sanitizers
against LiteRT (``deep_check.py``).

A mutant is its number: the same seed, number and corpus give the same bytes. ``--show NUMBER`` writes one to a file.
Workers are processes that an address space limit holds; when one dies, the number it was at is a defect, and another
one goes on behind it.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import itertools
import json
import mmap
import os
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (HERE, HERE.parent / "ops", HERE.parent / "unit" / "compiler"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
if __name__ == "__main__":  # threads of a numeric library would count against the address space
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from model_sites import Sites  # noqa: E402
from mutate_model import byte_mutant, field_mutant  # noqa: E402

from tinyforge.compiler import compile_model  # noqa: E402
from tinyforge.core.errors import UnsupportedModelError  # noqa: E402
from tinyforge.core.graph import Compiled, Slot  # noqa: E402
from tinyforge.runtimes.aot.generate import ModelView  # noqa: E402

PLACE = "fuzz.tflite"
MOST_SECONDS = 2.0
MOST_BYTES = 512 << 20
SILENT_SECONDS = 120.0  # of wall clock at one model: whatever it does, no signal reaches it
LONGEST_MESSAGE = 2000
_CASES_EACH = 4
_LARGEST_PUBLIC = 400_000
_USUAL_BYTES = 1500


# --- corpus ---------------------------------------------------------------------------------------------------------


def own_models() -> Iterator[tuple[str, bytes]]:
    """Models that the tests build: some of every operator's cases, and the small networks; no public data."""
    import small_models
    from opbench import case_files

    for stem, cases in case_files().items():
        rng = np.random.default_rng([1, zlib.crc32(stem.encode())])
        for case in itertools.islice(cases(rng), _CASES_EACH):
            yield f"{stem} {case.name}", case.data
    yield "dense", small_models.dense()
    yield "dense with metadata", small_models.with_info()
    yield "conv_net", small_models.conv_net()
    yield "lstm", small_models.lstm(last=True)


def public_models() -> Iterator[tuple[str, bytes]]:
    """The public collection, what must be refused included, and the bench; nothing where they are absent."""
    data = Path(os.environ.get("TINYFORGE_DATA") or ROOT.parent / "shared" / "data")
    for folder in (data / "tflite_zoo", data.parent / "bench" / "models"):
        for path in sorted(folder.rglob("*.tflite")):
            if path.stat().st_size <= _LARGEST_PUBLIC:
                yield path.name, path.read_bytes()


def with_every_field(data: bytes) -> bytes:
    """The same model with its defaults stored, so that each can be changed where it lies."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    builder = flatbuffers.Builder(1024)
    builder.ForceDefaults(True)
    builder.Finish(schema.ModelT.InitFromPackedBuf(data).Pack(builder), b"TFL3")
    return bytes(builder.Output())


@dataclass(slots=True)
class Corpus:
    """What mutants are made from.

    Attributes:
        models: mapped; a large one is taken seldom, so that time goes into many mutants.
    """

    models: list[Sites]
    _ends: list[float] = field(default_factory=list)

    @classmethod
    def load(cls, *, public: bool, folder: Path | None = None) -> Corpus:
        """Our own models, the public ones, and those of a folder."""
        named = []
        for name, data in own_models():
            named += [(name, data), (f"{name}, defaults stored", with_every_field(data))]
        if public:
            named.extend(public_models())
        if folder is not None:
            named += [(path.name, path.read_bytes()) for path in sorted(folder.rglob("*.tflite"))]
        models = []
        for name, data in named:
            try:
                models.append(Sites.of(name, data))
            except (struct.error, IndexError):
                models.append(Sites(name, data))  # damaged already: bytes only
        if not models:
            raise SystemExit("the corpus is empty")
        shares = [min(1.0, (_USUAL_BYTES / len(model.data)) ** 1.5) for model in models]
        return cls(models, list(itertools.accumulate(shares)))

    def pick(self, rng: random.Random) -> Sites:
        """One model."""
        return rng.choices(self.models, cum_weights=self._ends)[0]

    def mutant(self, seed: int, number: int, mode: str) -> tuple[str, bytes]:
        """Mutant ``number``: what it was made from, and its bytes.

        Args:
            seed, number: decide everything.
            mode: ``bytes``, ``fields``, or ``both`` by turns.
        """
        rng = random.Random((seed << 40) + number)
        model = self.pick(rng)
        if not model.sites or mode == "bytes" or (mode == "both" and number % 2):
            return f"bytes of {model.name}", byte_mutant(rng, model, self.pick(rng))
        return f"fields of {model.name}", field_mutant(rng, model)


# --- one model ------------------------------------------------------------------------------------------------------


class TooSlow(BaseException):
    """Raised by the timer; no ``except Exception`` may keep it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a model.

    Attributes:
        kind: ``compiled``, ``ModelFormatError``, ``UnsupportedModelError``, or ``defect``.
        reason: the fact without its numbers and names; what the defect is.
        seconds: of CPU.
        detail: traceback of a defect.
        code: hash of the C it was compiled to, digest of the model aside.
    """

    kind: str
    reason: str
    seconds: float
    detail: str = ""
    code: int = 0


def message_fault(error: UnsupportedModelError) -> str:
    """What a refusal lacks; empty when it says place, fact and way out as it must."""
    place, text = error.place, str(error)
    if place != PLACE and not place.startswith(f"{PLACE}: "):
        return f"its place is not the file: {place!r}"
    if not error.fact.strip() or not error.way_out.strip():
        return "it lacks a fact or a way out"
    if not text.isprintable():
        return "it holds characters that do not print"
    if len(text) > LONGEST_MESSAGE:
        return f"it is {len(text)} characters long"
    whole = place == PLACE and error.fact in {"has no input", "has no output"}
    if type(error) is UnsupportedModelError and not whole and not _NAMED.match(place):
        return "it names no operator and tensor"
    return ""


_NAMED = re.compile(rf'{re.escape(PLACE)}: (op #\d+ .+?: (tensor "|no tensor)|tensor "|metadata )')
_NAMES = re.compile(r'"[^"]*"')
_LISTS = re.compile(r"\[[-\d, ]*\]|\([^()]*\)")
_NUMBERS = re.compile(r"-?\d[\d.e+-]*|\b(nan|inf)\b")


def general(fact: str) -> str:
    """A fact without names and numbers, by which refusals are counted."""
    return _NUMBERS.sub("N", _LISTS.sub("[]", _NAMES.sub('"..."', fact)))[:120]


def plan_fault(compiled: Compiled) -> str:
    """What is wrong with calls and arena: something read or given out that nothing wrote, or bytes used twice."""
    graph, slots = compiled.graph, {slot.tensor: slot for slot in compiled.plan.slots if slot.tensor >= 0}
    written = {graph.root(index) for index in graph.inputs} | {state.tensor for state in compiled.states}
    written |= {tensor.index for tensor in graph.tensors if tensor.data is not None}
    for layer in compiled.layers:
        for index in (*layer.inputs, *layer.outputs):
            slot = slots.get(graph.root(index))
            if slot is not None and not slot.first <= layer.index <= slot.last:
                return f"call #{layer.index} {layer.stem} uses a tensor outside of its time"
        if any(graph.root(index) not in written for index in layer.inputs):
            return f"call #{layer.index} {layer.stem} reads what nothing has written"
        written |= {graph.root(index) for index in layer.outputs}
    if any(graph.root(index) not in written for index in graph.outputs):
        return "nothing writes an output"
    placed = [slot for slot in compiled.plan.slots if slot.bytes]
    for number, one in enumerate(placed):
        if one.offset < 0 or one.offset + one.bytes > compiled.arena_bytes:
            return f"{one.name} lies outside of the arena"
        if one.tensor >= 0 and one.offset % max(graph.tensors[one.tensor].dtype.bytes, 1):
            return f"{one.name} is not aligned"
        for two in placed[number + 1 :]:
            apart = one.offset + one.bytes <= two.offset or two.offset + two.bytes <= one.offset
            if not apart and one.first <= two.last and two.first <= one.last and not _shared(compiled, one, two):
                return f"{one.name} and {two.name} share bytes"
    return ""


def _shared(compiled: Compiled, one: Slot, two: Slot) -> bool:
    """Whether one is an output over an input that its call is the last to read, at a distance the kernel allows."""
    source, target = sorted((one, two), key=lambda slot: slot.first)
    layer = compiled.layers[target.first]
    if source.last != target.first or target.tensor < 0:
        return False
    for overlap in layer.overlaps:
        pair = (layer.inputs[overlap.input], layer.outputs[overlap.output])
        if tuple(compiled.graph.root(index) for index in pair) == (source.tensor, target.tensor):
            distance = source.offset - target.offset
            return distance >= overlap.distance_bytes and distance % overlap.multiple_bytes == 0
    return False


def _defect(what: str, start: float, error: BaseException) -> Outcome:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "tinyforge" in frame.filename]
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    text = "".join(traceback.format_exception(error))
    return Outcome("defect", f"{what}{at}", time.process_time() - start, text)


def _on_timer(*_: object) -> None:
    raise TooSlow


def examine(data: bytes) -> Outcome:
    """Compile and print one model. ``guard()`` has set the timer's signal and the memory limit."""
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        compiled = compile_model(data, name="fuzz", place=PLACE)
        fault = plan_fault(compiled)
        if fault:
            return Outcome("defect", f"plan: {general(fault)}", time.process_time() - start, fault)
        view = ModelView(compiled)
        code = hash(view.header().replace(compiled.digest, "") + view.source())
    except UnsupportedModelError as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        fault = message_fault(error)
        if fault:
            return _defect(f"message: {fault}: {general(error.fact)}", start, error)
        return Outcome(type(error).__name__, general(error.fact), time.process_time() - start)
    except TooSlow as error:
        return _defect(f"more than {MOST_SECONDS:g} s", start, error)
    except MemoryError as error:
        return _defect("more memory than allowed", start, error)
    except Exception as error:
        return _defect(f"{type(error).__name__}: {general(str(error))}", start, error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Outcome("compiled", "compiled", time.process_time() - start, code=code)


def guard() -> None:
    """Make warnings errors, arm the timer's signal, and limit what this process may still allocate."""
    warnings.simplefilter("error")
    signal.signal(signal.SIGPROF, _on_timer)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


# --- a campaign -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """Sums of a campaign.

    Attributes:
        count: mutants examined.
        kinds: how many of each outcome.
        reasons: refusals by fact, without numbers.
        slowest: CPU seconds of the slowest model.
        seconds: CPU seconds of all.
        defects: one entry a distinct defect: what, how often, number of the first mutant, file.
        accepted: numbers of mutants that were compiled to C that no mutant before them gave.
        repeated: numbers of the others that were compiled.
        peak_bytes: greatest resident size of a worker.
    """

    count: int = 0
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    slowest: float = 0.0
    seconds: float = 0.0
    defects: dict[str, dict[str, Any]] = field(default_factory=dict)
    accepted: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    peak_bytes: int = 0

    def add(self, number: int, made_from: str, data: bytes, outcome: Outcome, out: Path, known: set[int]) -> None:
        """Count one mutant; keep the first of each defect in ``out``, and the C that has been seen in ``known``."""
        self.count += 1
        self.kinds[outcome.kind] += 1
        self.seconds += outcome.seconds
        self.slowest = max(self.slowest, outcome.seconds)
        if outcome.kind == "compiled":
            (self.repeated if outcome.code in known else self.accepted).append(number)
            known.add(outcome.code)
        elif outcome.kind == "defect":
            self.defect(outcome.reason, number, made_from, data, outcome.detail, out)
        else:
            self.reasons[f"{outcome.kind}: {outcome.reason}"] += 1

    def defect(self, what: str, number: int, made_from: str, data: bytes, detail: str, out: Path) -> None:
        """Count a defect; write model and traceback of its first."""
        if what in self.defects:
            self.defects[what]["times"] += 1
            return
        out.mkdir(parents=True, exist_ok=True)
        stem = hashlib.sha256(what.encode()).hexdigest()[:12]
        (out / f"{stem}.tflite").write_bytes(data)
        (out / f"{stem}.txt").write_text(f"{what}\nmutant {number}: {made_from}\n\n{detail}\n")
        self.defects[what] = {"times": 1, "number": number, "from": made_from, "file": f"{stem}.tflite"}

    def merge(self, other: dict[str, Any]) -> None:
        """Add what a worker said."""
        self.count += other["count"]
        self.kinds.update(other["kinds"])
        self.reasons.update(other["reasons"])
        self.slowest = max(self.slowest, other["slowest"])
        self.seconds += other["seconds"]
        self.accepted.extend(other["accepted"])
        self.repeated.extend(other["repeated"])
        self.peak_bytes = max(self.peak_bytes, other["peak_bytes"])
        for what, entry in other["defects"].items():
            known = self.defects.setdefault(what, {**entry, "times": 0})
            known["times"] += entry["times"]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "count": self.count,
            "kinds": dict(self.kinds),
            "reasons": dict(self.reasons.most_common()),
            "slowest": self.slowest,
            "seconds": self.seconds,
            "defects": self.defects,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "peak_bytes": self.peak_bytes,
        }


def work(corpus: Corpus, numbers: Sequence[int], seed: int, mode: str, out: Path, progress: Path) -> Iterator[Report]:
    """Examine mutants in this process; a report every 1000. The number at hand stands in the file ``progress``."""
    guard()
    with progress.open("r+b") as stream, mmap.mmap(stream.fileno(), 8) as at:
        report = Report()
        known: set[int] = set()
        for number in numbers:
            at[:] = number.to_bytes(8, "little")
            made_from, data = corpus.mutant(seed, number, mode)
            report.add(number, made_from, data, examine(data), out, known)
            if report.count == 1000:
                report.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                yield report
                report = Report()
        report.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        yield report


def _serve(options: argparse.Namespace) -> None:
    """A worker: reports as lines of JSON."""
    corpus = Corpus.load(public=not options.own, folder=options.corpus)
    first, last, step = (int(part) for part in options.worker.split(":"))
    for report in work(corpus, range(first, last, step), options.seed, options.mode, options.out, options.progress):
        sys.stdout.write(json.dumps(report.to_json()) + "\n")
        sys.stdout.flush()


class _Worker:
    """A stripe of the numbers, in a process that is started again when it dies."""

    def __init__(self, options: argparse.Namespace, numbers: range, folder: Path) -> None:
        self.options = options
        self.numbers = numbers
        self.progress = folder / f"at{numbers.start}"
        self.progress.write_bytes(bytes(8))
        self.lines = folder / f"lines{numbers.start}"
        self.start(numbers.start)

    def start(self, first: int) -> None:
        """Begin at a number."""
        said = self.options
        command = [sys.executable, str(HERE / "fuzz_reader.py"), "--seed", str(said.seed), "--mode", said.mode]
        command += ["--out", str(said.out), "--progress", str(self.progress)]
        command += ["--worker", f"{first}:{self.numbers.stop}:{self.numbers.step}"]
        command += ["--own"] if said.own else []
        command += ["--corpus", str(said.corpus)] if said.corpus else []
        self.first = first
        self.done = 0
        self.at, self.since = -1, time.monotonic()
        with self.lines.open("wb") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE)

    def poll(self, corpus: Corpus, report: Report) -> bool:
        """Take in what it has said; whether it is still at work."""
        ended = self.process.poll() is not None
        lines = self.lines.read_bytes().splitlines(keepends=True)
        for line in lines[self.done :]:
            if line.endswith(b"\n"):
                report.merge(json.loads(line))
                self.done += 1
        now = int.from_bytes(self.progress.read_bytes(), "little")
        if now != self.at:
            self.at, self.since = now, time.monotonic()
        silent = time.monotonic() - self.since > SILENT_SECONDS
        if not ended and not silent:
            return True
        if silent and not ended:
            self.process.kill()
        said = self.process.communicate()[1].decode(errors="replace")
        if self.process.returncode == 0:
            return False
        if now < self.first or not self.progress_moved():
            raise SystemExit(f"a worker cannot start:\n{said}")
        made_from, data = corpus.mutant(self.options.seed, now, self.options.mode)
        what = "hangs" if silent else f"the process died ({self.process.returncode})"
        report.defect(what, now, made_from, data, said, self.options.out)
        report.count += (now - self.first) // self.numbers.step + 1 - 1000 * self.done
        if now + self.numbers.step >= self.numbers.stop:
            return False
        self.start(now + self.numbers.step)
        return True

    def progress_moved(self) -> bool:
        """Whether the worker has begun with any number at all."""
        return self.at > 0 or self.first == 0


def campaign(options: argparse.Namespace) -> Report:
    """Run all workers to the end."""
    corpus = Corpus.load(public=not options.own, folder=options.corpus)
    report = Report()
    began = told = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz_reader_") as folder:
        end = options.first + options.count
        workers = [
            _Worker(options, range(options.first + job, end, options.jobs), Path(folder)) for job in range(options.jobs)
        ]
        try:
            while workers:
                workers = [worker for worker in workers if worker.poll(corpus, report)]
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    rate = report.count / (told - began)
                    sys.stderr.write(f"{report.count} models, {rate:.0f}/s, {len(report.defects)} defects\n")
                time.sleep(0.2)
        finally:
            for worker in workers:
                worker.process.kill()
    report.accepted.sort()
    report.repeated.sort()
    if options.deep:
        _deep(corpus, report, options)
    return report


def _deep(corpus: Corpus, report: Report, options: argparse.Namespace) -> None:
    """Run some of what was compiled, and count how it compares."""
    from deep_check import DeepCheck

    rng = random.Random(options.seed)
    chosen = rng.sample(report.accepted, min(options.deep, len(report.accepted)))
    few = min(options.deep // 5, len(report.repeated))  # what the reader passes over may matter to LiteRT
    chosen = sorted((*chosen[: options.deep - few], *rng.sample(report.repeated, few)))
    with tempfile.TemporaryDirectory(prefix="fuzz_deep_") as folder, DeepCheck(Path(folder)) as deep:
        for batch in _batches(chosen, 40):
            mutants = [corpus.mutant(options.seed, number, options.mode) for number in batch]
            for number, (made_from, data), (kind, detail) in zip(
                batch, mutants, deep.check([data for _, data in mutants]), strict=True
            ):
                report.kinds[f"deep: {kind}"] += 1
                if kind.startswith("reference"):
                    report.reasons[f"LiteRT: {kind}: {general(detail)}"] += 1
                if kind in DeepCheck.DEFECTS:
                    what = f"{kind}: {detail.splitlines()[0] if detail else ''}"
                    report.defect(what[:300], number, made_from, data, detail, options.out)


def _batches(numbers: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(numbers), size):
        yield tuple(numbers[start : start + size])


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="how many mutants (20000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first one (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--corpus", type=Path, help="folder with further .tflite files")
    parser.add_argument("--own", action="store_true", help="only models the tests build, not the public ones")
    parser.add_argument("--mode", choices=("both", "bytes", "fields"), default="both")
    parser.add_argument("--deep", type=int, default=0, help="how many of the compiled are run and compared (0)")
    parser.add_argument("--out", type=Path, default=Path("fuzz_defects"), help="folder of models that show a defect")
    parser.add_argument("--report", type=Path, help="where the report goes as JSON")
    parser.add_argument("--show", type=int, help="write this mutant to <out>/<number>.tflite and stop")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--progress", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """The command line; exit code 1 when there are defects."""
    options = _arguments(given)
    if options.worker:
        _serve(options)
        return 0
    if options.show is not None:
        corpus = Corpus.load(public=not options.own, folder=options.corpus)
        made_from, data = corpus.mutant(options.seed, options.show, options.mode)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{options.show}.tflite").write_bytes(data)
        sys.stdout.write(f"{options.out / f'{options.show}.tflite'}: {len(data)} bytes, {made_from}\n")
        return 0
    began = time.monotonic()
    report = campaign(options)
    if options.report is not None:
        options.report.write_text(json.dumps(report.to_json(), indent=1))
    wall = time.monotonic() - began
    lines = [
        f"{report.count} mutants in {wall:.0f} s, {report.count / max(report.seconds, 1e-9):.0f} a second of CPU",
        f"slowest {report.slowest:.2f} s, largest process {report.peak_bytes >> 20} MB",
        *(f"  {count:8d}  {kind}" for kind, count in sorted(report.kinds.items())),
        f"{len(report.reasons)} different refusals; most frequent:",
        *(f"  {count:8d}  {reason}" for reason, count in report.reasons.most_common(12)),
        f"{len(report.defects)} defects",
        *(f"  {entry['times']:8d}  {what}  ({options.out / entry['file']})" for what, entry in report.defects.items()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if report.defects else 0


if __name__ == "__main__":
    sys.exit(main())
