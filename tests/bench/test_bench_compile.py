"""How long a model takes to be compiled and written, every model of the yardstick and the zoo that is accepted.

python -m pytest -m bench -s tests/bench/test_bench_compile.py
"""

import resource
import subprocess
import sys
import time

import pytest

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.runtimes import get_runtime

pytestmark = pytest.mark.bench


def test_compile_time(models_dir, public_data, tmp_path, capsys):
    paths = [*sorted(models_dir.glob("*.tflite")), *sorted((public_data / "tflite_zoo").rglob("*.tflite"))]
    rows, refused = [], 0
    for path in paths:
        data = path.read_bytes()
        start = time.process_time()
        try:
            compiled = compile_model(data, name="net", place=path.name)
        except UnsupportedModelError:
            refused += 1
            continue
        middle = time.process_time()
        get_runtime("aot").generate(compiled, tmp_path / path.stem)
        end = time.process_time()
        rows.append((end - start, middle - start, end - middle, len(data), len(compiled.layers), path.stem))
    assert rows
    rows.sort(reverse=True)
    below = [row for row in rows if row[3] <= 500_000]
    with capsys.disabled():
        print(f"\n{len(rows)} models accepted, {refused} refused; slowest first, seconds of CPU time\n")
        print("| model | kB | calls | compile | write | both |\n|---|---:|---:|---:|---:|---:|")
        for both, compiling, writing, size, calls, name in rows[:12]:
            print(f"| {name} | {size / 1000:.0f} | {calls} | {compiling:.3f} | {writing:.3f} | {both:.3f} |")
        print(f"\nup to 500 kB: at most {max(row[0] for row in below):.3f} s, median {below[len(below) // 2][0]:.3f} s")


def test_the_whole_command(models_dir, tmp_path, capsys):
    """With the start of Python and the imports."""
    with capsys.disabled():
        print("\n| model | kB | `tinyforge export`, seconds | CPU | ")
        print("|---|---:|---:|---:|")
        for name in ("hello", "kws", "ad", "vww"):
            path = models_dir / f"{name}.tflite"
            command = [sys.executable, "-m", "tinyforge", "export", str(path), "--out", str(tmp_path / name)]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            print(f"| {name} | {path.stat().st_size / 1000:.0f} | {wall:.2f} | {cpu:.2f} |")
            assert (tmp_path / name / f"{name}.c").is_file()
