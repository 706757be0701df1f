"""Mutation score of compiler and link on a random sample, with cosmic-ray, in clones (it changes files in place).

A mutant is a small change of the code. It is killed when a test fails; one that survives is a line that no test needs.

    .venv/bin/python scripts/mutation_score.py [--mutants 60] [--seed 1] [--part link] [--jobs 2] [--cases 6]

The tests of a part run once under coverage, one context a test. A mutant is shown only to the tests that execute its
statement, the fastest first, until one fails or SECONDS of them have passed; one in what runs at import is shown to the
tests of its file first, then to the others. A mutant that differs in nothing but an annotation is the same program and
is not drawn. What counts is the commit: what is not committed is not tried. Tests of operators get ``--cases`` cases
each instead of the usual 40, so that 60 mutants of the compiler take some twenty minutes of one core.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import json
import os
import queue
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from cosmic_ray.mutating import apply_mutation
from cosmic_ray.plugins import get_operator
from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 45.0  # of tests a mutant is shown
PARTS = {
    "compiler": [
        "tests/unit/compiler",
        "tests/golden",
        "tests/regression",
        "tests/ops/test_operator_cases.py",
        "tests/ops/test_corners.py",
        "tests/ops/test_gru.py",
    ],
    "link": [
        "tests/unit/link",
        "tests/unit/capture",
        "tests/fuzz/test_fuzz_link.py",
        "tests/fuzz/test_fuzz_decoders.py",
    ],
}
CONFIGURATION = """
[cosmic-ray]
module-path = "tinyforge/{part}"
timeout = 1.0
excluded-modules = []
test-command = "not run: see verdict()"

[cosmic-ray.distributor]
name = "local"
"""


class Mutant(NamedTuple):
    """One change: the ``occurrence``-th place in ``path`` that ``operator`` can change; ``row`` counts from 1."""

    path: str
    operator: str
    occurrence: int
    row: int

    def texts(self, clone: Path) -> tuple[str, str]:
        """The file before and after."""
        before = (clone / self.path).read_text(encoding="utf-8")
        try:
            _, after = apply_mutation(clone / self.path, get_operator(self.operator)(), self.occurrence)
        except AttributeError:  # cosmic-ray's ExceptionReplacer, at `except module.Error`
            after = None
        (clone / self.path).write_text(before, encoding="utf-8")
        return before, after or before


class Test(NamedTuple):
    """What one test takes, and which lines of which files it executes."""

    seconds: float
    lines: dict[str, set[int]]


def main() -> None:
    """Sample, run and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=60, help="of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=sorted(PARTS), action="append")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cases", type=int, default=6, help="of each operator (TINYFORGE_CASES)")
    if sys.argv[1:2] == ["--measure"]:  # the run under coverage: a call of itself
        sys.exit(measure(Path(sys.argv[2]), sys.argv[3:]))
    chosen = parser.parse_args()
    os.environ["TINYFORGE_CASES"] = str(chosen.cases)
    with tempfile.TemporaryDirectory(prefix="tinyforge_mutants_") as work:
        clones = [Path(work) / f"clone{number}" for number in range(chosen.jobs)]
        for clone in clones:
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        for part in chosen.part or sorted(PARTS):
            began = time.monotonic()
            tests = tests_of(part, clones[0])
            mutants = sample(part, clones[0], chosen.mutants, chosen.seed)
            survivors = surviving(mutants, tests, clones)
            killed = len(mutants) - len(survivors)
            print(
                f"tinyforge/{part}: {killed} of {len(mutants)} killed, {100 * killed / max(len(mutants), 1):.0f} %",
                end=" ",
            )
            took = f"{time.monotonic() - began:.0f} s"
            print(f"(seed {chosen.seed}, {chosen.cases} cases, {len(tests)} tests, {took})", flush=True)
            for survivor in survivors:
                print(f"  survived: {survivor}", flush=True)


def environment(clone: Path) -> dict[str, str]:
    """Of a test run in ``clone``; without byte code, which another mutant could be taken for."""
    data = os.environ.get("TINYFORGE_DATA") or str(ROOT.parent / "shared" / "data")
    return os.environ | {"PYTHONPATH": str(clone), "TINYFORGE_DATA": data, "PYTHONDONTWRITEBYTECODE": "1"}


class Stopwatch:
    """A pytest plugin: the seconds of each test that passes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add set-up, call and tear-down."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)


def measure(out: Path, arguments: list[str]) -> int:
    """Run pytest here and write the seconds of each test that passes to ``out``. Returns pytest's exit code."""
    stopwatch = Stopwatch()
    code = pytest.main(arguments, plugins=[stopwatch])
    passed = {name: took for name, took in stopwatch.seconds.items() if name not in stopwatch.failed}
    out.write_text(json.dumps(passed), encoding="utf-8")
    return 0 if code == pytest.ExitCode.TESTS_FAILED else int(code)


def tests_of(part: str, clone: Path) -> dict[str, Test]:
    """The tests of ``part`` by node id, from one run under coverage; one that fails is no witness."""
    seconds, data = clone.parent / f"{part}.json", clone.parent / f"{part}.coverage"
    options = ["-q", "-p", "no:cacheprovider", "--cov", "--cov-context=test", "--cov-report="]
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", str(seconds), *options, *PARTS[part]]
    subprocess.run(command, cwd=clone, env=environment(clone) | {"COVERAGE_FILE": str(data)}, check=True)
    tests = {name: Test(took, {}) for name, took in json.loads(seconds.read_text(encoding="utf-8")).items()}
    database = CoverageData(str(data))
    database.read()
    for name in database.measured_files():
        path = Path(name).relative_to(clone).as_posix()
        for line, contexts in database.contexts_by_lineno(name).items():
            for context in contexts:
                test = tests.get(context.rpartition("|")[0])
                if test is not None:
                    test.lines.setdefault(path, set()).add(line)
    return tests


def sample(part: str, clone: Path, count: int, seed: int) -> list[Mutant]:
    """``count`` mutants of ``part``, drawn with ``seed`` from those that are another program."""
    configuration, session = clone.parent / f"{part}.toml", clone.parent / f"{part}.sqlite"
    configuration.write_text(CONFIGURATION.format(part=part), encoding="utf-8")
    subprocess.run(["cosmic-ray", "init", str(configuration), str(session)], cwd=clone, check=True)
    columns = "module_path, operator_name, occurrence, start_pos_row"
    with sqlite3.connect(session) as database:
        mutants = sorted(Mutant(*row) for row in database.execute(f"select {columns} from mutation_specs"))  # noqa: S608
    random.Random(seed).shuffle(mutants)  # noqa: S311  a sample, no secret
    drawn: list[Mutant] = []
    for mutant in mutants:
        if len(drawn) == count:
            break
        before, after = mutant.texts(clone)
        if program(after) not in {program(before), None}:
            drawn.append(mutant)
    return drawn


def program(text: str) -> str | None:
    """The syntax tree of ``text`` without annotations (nobody evaluates them); None where it is no Python."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def surviving(mutants: list[Mutant], tests: dict[str, Test], clones: list[Path]) -> list[str]:
    """A line for each mutant that no test fails on."""
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for clone in clones:
        free.put(clone)

    def verdict(mutant: Mutant) -> str:
        clone = free.get()
        try:
            before, after = mutant.texts(clone)
            shown = fitting(mutant, before, tests)
            (clone / mutant.path).write_text(after, encoding="utf-8")
            try:
                killed = bool(shown) and fails(shown, clone, sum(tests[name].seconds for name in shown))
            finally:
                (clone / mutant.path).write_text(before, encoding="utf-8")
        finally:
            free.put(clone)
        if killed:
            return ""
        old, new = before.splitlines(), after.splitlines()
        changed = next((pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]), (old[-1], ""))
        name = mutant.operator.removeprefix("core/")
        place = f"{mutant.path}:{mutant.row} {name}, {len(shown)} tests"
        return f"{place}\n    - {changed[0].strip()}\n    + {changed[1].strip()}"

    with concurrent.futures.ThreadPoolExecutor(len(clones)) as pool:
        return sorted(line for line in pool.map(verdict, mutants) if line)


def fitting(mutant: Mutant, text: str, tests: dict[str, Test]) -> list[str]:
    """The tests that execute the statement of ``mutant``, fastest first, SECONDS of them.

    A statement that runs at import is executed by all; those of its file come first.
    """
    first, last, at_import = statement(text, mutant.row)
    rows = set(range(first, last + 1))
    reached = {name for name, test in tests.items() if at_import or rows & test.lines.get(mutant.path, set())}
    shown, total = [], 0.0
    for name in sorted(reached, key=lambda name: (mutant.path not in tests[name].lines, tests[name].seconds, name)):
        total += tests[name].seconds
        if shown and total > SECONDS:
            break
        shown.append(name)
    return shown


def statement(text: str, row: int) -> tuple[int, int, bool]:
    """First and last row of the innermost statement at ``row``, and whether it runs at import.

    Of a statement with a body, its head.
    """
    first, last, at_import = row, row, True
    open_nodes: list[tuple[ast.AST, bool]] = [(ast.parse(text), True)]
    while open_nodes:
        node, outside = open_nodes.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt) and child.lineno <= row <= (child.end_lineno or child.lineno):
                body = getattr(child, "body", None)
                first, at_import = child.lineno, outside
                last = (
                    body[0].lineno - 1 if body and body[0].lineno > child.lineno else child.end_lineno or child.lineno
                )
                open_nodes.append((child, outside and not isinstance(child, ast.FunctionDef)))
            elif not isinstance(child, ast.stmt):
                open_nodes.append((child, outside))
    return first, max(last, row), at_import


def fails(names: list[str], clone: Path, seconds: float) -> bool:
    """Whether one of the tests fails, or all hang."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names]
    try:
        done = subprocess.run(
            command, cwd=clone, env=environment(clone), capture_output=True, timeout=60 + 10 * seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


if __name__ == "__main__":
    main()
