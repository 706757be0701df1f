"""What the compiler accepts, run: generated C under AddressSanitizer and UBSan against LiteRT's reference kernels.

The C of many models goes into one program, whose first argument says which of them to run. LiteRT aborts on some
damaged models, so it computes in a process of its own (``python deep_check.py``), which is started again when it dies;
a difference counts only when ``tinyforge.evaluate.litert.run_isolated``, in a fresh process, says the same once more.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from tinyforge.compiler import compile_model
from tinyforge.core.errors import TinyforgeError
from tinyforge.core.files import sha256_bytes
from tinyforge.core.graph import Compiled, DType
from tinyforge.core.resources import csrc_dir
from tinyforge.evaluate import litert
from tinyforge.runtimes.aot.generate import CFLAGS, AotRuntime, ModelView
from tinyforge.toolchain import find_host_cc

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
WINDOWS = 3
SECONDS = 120.0  # of wall clock: the machine may be busy
_MOST_MACS, _MOST_BYTES = 1 << 24, 1 << 20
_REFERENCE_BYTES = 4 << 30
_LENGTH = struct.Struct("<Q")

_MAIN = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

%(includes)s

static void *filled(size_t bytes)
{
    void *buffer = malloc(bytes);
    if (buffer == NULL || fread(buffer, 1, bytes, stdin) != bytes) {
        exit(9);
    }
    return buffer;
}

static void written(void *buffer, size_t bytes)
{
    if (fwrite(buffer, 1, bytes, stdout) != bytes) {
        exit(9);
    }
    free(buffer);
}

%(functions)s

int main(int argc, char **argv)
{
    int windows = argc > 2 ? atoi(argv[2]) : 0;
    switch (argc > 1 ? atoi(argv[1]) : -1) {
%(cases)s
    default:
        return 9;
    }
    return 0;
}
"""


def random_rows(compiled: Compiled, rng: np.random.Generator) -> np.ndarray:
    """Windows as the bytes of all inputs, uint8 [WINDOWS, bytes]; the first one of extremes."""
    rows = []
    for number in range(WINDOWS):
        row = b""
        for index in compiled.graph.inputs:
            tensor = compiled.graph.tensors[index]
            if tensor.dtype in {DType.FLOAT16, DType.FLOAT32, DType.FLOAT64}:
                array = rng.normal(0, 4, tensor.elements)
            elif tensor.dtype is DType.BOOL:
                array = rng.integers(0, 2, tensor.elements)
            elif tensor.dtype in {DType.INT8, DType.UINT8, DType.INT16}:
                info = np.iinfo(tensor.dtype.numpy)
                array = rng.integers(info.min, info.max + 1, tensor.elements)
                if number == 0:
                    array = np.where(array % 2 == 0, info.min, info.max)
            else:
                array = rng.integers(0, 3, tensor.elements)  # indices, mostly
            row += array.astype(tensor.dtype.numpy).tobytes()
        rows.append(np.frombuffer(row, np.uint8))
    return np.stack(rows)


class Reference:
    """LiteRT in a process of its own."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self, model: bytes, rows: np.ndarray) -> tuple[str, Any]:
        """``("outputs", int8 [windows, bytes])``, or why there are none: ``refuses``, ``crashes``, ``hangs``."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        parcel = pickle.dumps((model, rows.view(np.int8)))
        try:
            stdin.write(_LENGTH.pack(len(parcel)) + parcel)
            stdin.flush()
            if not select.select([stdout], [], [], SECONDS)[0]:
                self.stop()
                return "hangs", ""
            size = stdout.read(_LENGTH.size)
            answer = stdout.read(_LENGTH.unpack(size)[0]) if len(size) == _LENGTH.size else b""
        except BrokenPipeError:
            answer = b""
        if not answer:
            self.stop()
            return "crashes", ""
        kind, content = pickle.loads(answer)  # noqa: S301  # our own process wrote it
        return kind, content


def _serve() -> None:
    """Answer requests for ever."""
    resource.setrlimit(resource.RLIMIT_AS, (_REFERENCE_BYTES, _REFERENCE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        size = source.read(_LENGTH.size)
        if len(size) < _LENGTH.size:
            return
        model, rows = pickle.loads(source.read(_LENGTH.unpack(size)[0]))  # noqa: S301  # as in Reference.run
        try:
            outputs = litert.run(model, rows)
            answer = ("outputs", outputs.reshape(len(rows), -1))
        except TinyforgeError as error:
            answer = ("refuses", str(error))
        except MemoryError:
            answer = ("refuses", "no memory")
        parcel = pickle.dumps(answer)
        target.write(_LENGTH.pack(len(parcel)) + parcel)
        target.flush()


class DeepCheck:
    """Builds and runs models in batches.

    Args:
        folder: for sources and programs; the kernels in it are built once.
    """

    DEFECTS = frozenset({"different", "sanitizer", "does not build", "hangs"})

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = Reference()
        self._include = csrc_dir() / "include"
        self._objects: dict[str, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reference.stop()

    def check(self, models: Sequence[bytes]) -> list[tuple[str, str]]:
        """Kind and detail of each model.

        Returns:
            ``equal``; ``different``, ``sanitizer``, ``does not build``, ``hangs`` (defects); ``reference refuses``,
            ``reference crashes``, ``reference hangs``; ``too large`` or ``refused when printed``.
        """
        found: dict[int, tuple[str, str]] = {}
        ready: dict[int, Compiled] = {}
        for number, data in enumerate(models):
            compiled = compile_model(data, name=f"m{number}", place="model")
            ports = [compiled.graph.tensors[index] for index in (*compiled.graph.inputs, *compiled.graph.outputs)]
            held = sum(tensor.bytes for tensor in ports) + compiled.arena_bytes + compiled.state_bytes
            if compiled.macs > _MOST_MACS or held > _MOST_BYTES or self._work(compiled) > _MOST_MACS:
                found[number] = ("too large", "")
                continue
            try:
                error = self._build(compiled)
            except TinyforgeError as refusal:
                found[number] = ("refused when printed", str(refusal))
                continue
            if error:
                found[number] = ("does not build", error)
            else:
                ready[number] = compiled
        program = self._link(ready)
        for number, compiled in ready.items():
            rng = np.random.default_rng(list(bytes.fromhex(sha256_bytes(models[number])[:16])))
            found[number] = self._compare(program, number, compiled, models[number], random_rows(compiled, rng))
        return [found[number] for number in range(len(models))]

    @staticmethod
    def _work(compiled: Compiled) -> int:
        """Elements that all calls write, a bound of what kernels without MACs do but for large windows."""
        tensors = compiled.graph.tensors
        return sum(tensors[index].elements for layer in compiled.layers for index in layer.outputs)

    def _compile(self, source: Path, out: Path, *flags: str) -> str:
        command = [*find_host_cc().command, *CFLAGS, *WARNINGS, *flags, *SANITIZERS, "-g1", "-c", str(source)]
        command += ["-I", str(self._include), "-I", str(self.folder), "-o", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr[-3000:] or f"exit status {done.returncode}"

    def _build(self, compiled: Compiled) -> str:
        """Object files of a model and its kernels; what the compiler says against them."""
        AotRuntime().generate(compiled, self.folder / "generated")
        view = ModelView(compiled)
        (self.folder / f"{compiled.name}.h").write_text(view.header())
        (self.folder / f"{compiled.name}.c").write_text(view.source())
        for kernel in view.kernels():
            if kernel not in self._objects:
                out = self.folder / f"{kernel}.o"
                error = self._compile(csrc_dir() / "src" / "portable" / f"{kernel}.c", out, "-O1")
                if error:
                    return error
                self._objects[kernel] = out
        return self._compile(self.folder / f"{compiled.name}.c", self.folder / f"{compiled.name}.o", "-O0")

    def _link(self, models: dict[int, Compiled]) -> Path:
        program = self.folder / "batch"
        program.unlink(missing_ok=True)
        (self.folder / "batch.c").write_text(
            _MAIN
            % {
                "includes": "\n".join(f'#include "{compiled.name}.h"' for compiled in models.values()),
                "functions": "\n".join(_function(compiled) for compiled in models.values()),
                "cases": "\n".join(
                    f"    case {number}:\n        run_{compiled.name}(windows);\n        break;"
                    for number, compiled in models.items()
                ),
            }
        )
        objects = [self.folder / f"{compiled.name}.o" for compiled in models.values()]
        kernels = {kernel for compiled in models.values() for kernel in (layer.kernel for layer in compiled.layers)}
        objects += [self._objects[kernel] for kernel in sorted(kernels)]
        command = [*find_host_cc().command, "-std=c99", *SANITIZERS, "-I", str(self.folder), "-I", str(self._include)]
        command += [str(self.folder / "batch.c"), *map(str, objects), "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the batch does not link:\n{done.stderr[-3000:]}")
        return program

    def _compare(
        self, program: Path, number: int, compiled: Compiled, model: bytes, rows: np.ndarray
    ) -> tuple[str, str]:
        try:
            done = subprocess.run(
                [program, str(number), str(len(rows))],
                input=rows.tobytes(),
                capture_output=True,
                check=False,
                timeout=SECONDS,
                env={**os.environ, **SANITIZER_OPTIONS},
            )
        except subprocess.TimeoutExpired:
            return "hangs", f"{compiled.operators} after {SECONDS:g} s"
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace")
            first = next((line for line in said.splitlines() if "error" in line.lower()), f"exit {done.returncode}")
            return "sanitizer", f"{compiled.operators}: {first}\n{said[-3000:]}"
        ours = np.frombuffer(done.stdout, np.int8).reshape(len(rows), -1)
        kind, theirs = self.reference.run(model, rows)
        if kind != "outputs":
            return f"reference {kind}", str(theirs)
        wrong = _differing(compiled, ours, theirs)
        if not wrong:
            return "equal", ""
        try:
            again = litert.run_isolated(model, rows.view(np.int8), timeout_s=120).reshape(len(rows), -1)
        except TinyforgeError as error:
            return "reference crashes", str(error)
        if not np.array_equal(again, theirs):
            return "reference wavers", "two runs give two results"
        return "different", f"{' '.join(compiled.operators)}: {wrong}"


def _function(compiled: Compiled) -> str:
    """C that runs a model on windows from stdin."""
    tensors, name = compiled.graph.tensors, compiled.name
    lines = [f"static void run_{name}(int windows)", "{", "    while (windows-- > 0) {"]
    arguments = []
    for position, index in enumerate(compiled.graph.inputs):
        lines.append(f"        {tensors[index].dtype.c_type} *in{position} = filled({tensors[index].bytes});")
        arguments.append(f"in{position}")
    for position, index in enumerate(compiled.graph.outputs):
        lines.append(f"        {tensors[index].dtype.c_type} *out{position} = malloc({tensors[index].bytes});")
        arguments.append(f"out{position}")
    if compiled.states:
        lines.append(f"        {name}_reset();")
    lines.append(f"        {name}_invoke({', '.join(arguments)});")
    lines += [f"        free(in{position});" for position in range(len(compiled.graph.inputs))]
    lines += [
        f"        written(out{position}, {tensors[index].bytes});"
        for position, index in enumerate(compiled.graph.outputs)
    ]
    return "\n".join([*lines, "    }", "}"])


def _differing(compiled: Compiled, ours: np.ndarray, theirs: np.ndarray) -> str:
    """What differs; empty when all is equal. Two NaNs are equal whatever their bits."""
    if ours.shape != theirs.shape:
        return f"{ours.shape} and {theirs.shape} bytes"
    at = 0
    for position, index in enumerate(compiled.graph.outputs):
        tensor = compiled.graph.tensors[index]
        pair = [np.ascontiguousarray(rows[:, at : at + tensor.bytes]) for rows in (ours, theirs)]
        at += tensor.bytes
        one, two = (rows.view(tensor.dtype.numpy) for rows in pair)
        apart = (pair[0] != pair[1]).reshape(*one.shape, -1).any(axis=-1)
        if one.dtype.kind == "f":
            apart &= ~(np.isnan(one) & np.isnan(two))
        if apart.any():
            window, element = np.argwhere(apart)[0]
            return (
                f"output {position}: {int(apart.sum())} of {one.size} elements, first window {window} element "
                f"{element}: {one[window, element]} where LiteRT says {two[window, element]}"
            )
    return ""


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        _serve()
