"""Runs many small models at once: compiled to C in one library, compared with LiteRT's reference kernels."""

from __future__ import annotations

import ctypes
import importlib
import os
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.compiler import Goal, compile_model
from tinyforge.core.graph import Compiled, DType
from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.generate import ModelView
from tinyforge.toolchain.host import build_shared

HERE = Path(__file__).parent
GOALS = tuple(Goal)
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")


@dataclass(frozen=True)
class Case:
    """One model to compare.

    Attributes:
        name: unique within its file; says the parameters.
        data: the .tflite.
        inputs: how many random inputs are tried.
        sequence: invoke them one after the other without a reset between (a model with state).
        given: the inputs themselves [inference][input]; random ones when None.
        unlisted: the operator is missing among LiteRT's reference kernels: take its only kernel.
    """

    name: str
    data: bytes
    inputs: int = 4
    sequence: bool = False
    given: Sequence[Sequence[np.ndarray]] | None = None
    unlisted: bool = False


Cases = Callable[[np.random.Generator], Iterator[Case]]


def case_files() -> dict[str, Cases]:
    """``cases(rng)`` of every file in ``cases/``, by stem. The generator is endless; the caller stops."""
    folder = HERE / "cases"
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    found = {}
    for info in sorted(pkgutil.iter_modules([str(folder)]), key=lambda info: info.name):
        module = importlib.import_module(info.name)
        found[info.name.removeprefix("cases_")] = module.cases
    return found


def reference(case: Case, inputs: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """Outputs [inference][output] of LiteRT's reference kernels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # ELU has one kernel only, which the list of reference kernels lacks
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if case.unlisted else OpResolverType.BUILTIN_REF
    interpreter = Interpreter(
        model_content=case.data, experimental_op_resolver_type=resolver, experimental_preserve_all_tensors=False
    )
    interpreter.allocate_tensors()
    ins, outs = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for position, arrays in enumerate(inputs):
        if position == 0 or not case.sequence:
            interpreter.reset_all_variables()
        for detail, array in zip(ins, arrays, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        found.append([interpreter.get_tensor(detail["index"]).copy() for detail in outs])
    return found


def random_inputs(compiled: Compiled, count: int, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Inputs over the whole range of each type; the first inference takes the extremes."""
    found = []
    for number in range(count):
        arrays = []
        for index in compiled.graph.inputs:
            tensor = compiled.graph.tensors[index]
            if tensor.dtype is DType.FLOAT32:
                array = rng.normal(0, 4, tensor.shape).astype(np.float32)
            elif tensor.dtype is DType.BOOL:
                array = rng.integers(0, 2, tensor.shape).astype(np.bool_)
            else:
                info = np.iinfo(tensor.dtype.numpy)
                low, high = max(info.min, -(1 << 15)), min(info.max, (1 << 15) - 1)
                array = rng.integers(low, high + 1, tensor.shape).astype(tensor.dtype.numpy)
                if number == 0:
                    array = np.where(rng.integers(0, 2, tensor.shape) == 1, info.max, info.min).astype(array.dtype)
            arrays.append(np.ascontiguousarray(array).reshape(tensor.shape))
        found.append(arrays)
    return found


class CompiledCases:
    """Cases as C in one shared library, compiled for each of the user's goals in turn.

    Args:
        cases: at most a few hundred.
        folder: where sources and library go.
        flags: for the compiler.
    """

    def __init__(self, cases: Sequence[Case], folder: Path, flags: Sequence[str] = (*WARNINGS, "-O1")) -> None:
        self.compiled = [
            compile_model(case.data, name=f"case_{number}", place=case.name, goal=GOALS[number % len(GOALS)])
            for number, case in enumerate(cases)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        sources, kernels = [], set()
        for compiled in self.compiled:
            view = ModelView(compiled)
            (folder / f"{compiled.name}.h").write_text(view.header())
            path = folder / f"{compiled.name}.c"
            path.write_text(view.source())
            sources.append(path)
            kernels.update(view.kernels())
        library = csrc_dir()
        sources.extend(library / "src" / "portable" / f"{kernel}.c" for kernel in sorted(kernels))
        built = build_shared(sources, [folder, library / "include"], folder / f"cases_{os.getpid()}.so", flags)
        self.library = ctypes.CDLL(str(built))

    def run(self, number: int, inputs: Sequence[Sequence[np.ndarray]], *, sequence: bool) -> list[list[np.ndarray]]:
        """Outputs [inference][output] of the C code."""
        compiled = self.compiled[number]
        windowed = any(state.per_window for state in compiled.states)
        tail = "continue" if sequence and windowed else "invoke"
        function: Any = getattr(self.library, f"{compiled.name}_{tail}")
        reset: Any = getattr(self.library, f"{compiled.name}_reset") if compiled.states else None
        found = []
        for position, arrays in enumerate(inputs):
            if reset is not None and (position == 0 or not sequence):
                reset()
            outputs = [
                np.empty(compiled.graph.tensors[index].shape, compiled.graph.tensors[index].dtype.numpy)
                for index in compiled.graph.outputs
            ]
            function(*(ctypes.c_void_p(array.ctypes.data) for array in (*arrays, *outputs)))
            found.append(outputs)
        return found


def differences(cases: Sequence[Case], folder: Path, rng: np.random.Generator) -> list[str]:
    """What differs between C and the reference, one line a case; empty when all are equal to the last bit."""
    library = CompiledCases(cases, folder)
    lines = []
    for number, case in enumerate(cases):
        inputs = case.given or random_inputs(library.compiled[number], case.inputs, rng)
        expected = reference(case, inputs)
        found = library.run(number, inputs, sequence=case.sequence)
        for inference, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            for output, (one, two) in enumerate(zip(ours, theirs, strict=True)):
                wrong = int((one.reshape(-1).view(np.uint8) != two.reshape(-1).view(np.uint8)).sum())
                if wrong:
                    delta = np.abs(one.reshape(-1).astype(np.float64) - two.reshape(-1).astype(np.float64)).max()
                    lines.append(
                        f"{case.name}: inference {inference}, output {output}: {wrong} of {one.size} differ, by {delta}"
                    )
    return lines
