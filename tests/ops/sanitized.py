"""Models as one program under AddressSanitizer and UndefinedBehaviorSanitizer, fed over stdin.

Two forms of a model's C are run. ``as generated``: the arena filled with a pattern before each inference, so that who
reads what nobody wrote gives another result for another pattern. ``apart``: every slot of the arena an array of its
own, so that AddressSanitizer sees who leaves his tensor, and a plan that lets two tensors meet gives another result.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyforge.core.graph import Compiled, DType
from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.generate import ModelView

SANITIZE = (
    "-fsanitize=address,undefined,float-cast-overflow",  # a division by 0.0 is IEEE 754's and the reference's, too
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g1",
)
BUILD = ("-std=c99", "-O1", "-ffp-contract=off", *SANITIZE)
OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=0:halt_on_error=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
_SLOT = re.compile(r"^#define (\w+) (\(.*\(?arena \+ \d+\)+)$", re.MULTILINE)

_MAIN = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
typedef struct {
    void (*poison)(int);
    void (*reset)(void);
    void (*call)(void **);
    int32_t inputs, outputs, bytes[16];
} model_t;
%s
static const model_t models[] = {
%s
};
int main(void)
{
    int32_t said[3]; /* model, pattern or -1, whether to reset */
    while (fread(said, 4, 3, stdin) == 3) {
        const model_t *m = &models[said[0]];
        void *buffers[16];
        for (int32_t i = 0; i < m->inputs + m->outputs; i++) { /* of their exact size: neighbours are poisoned */
            buffers[i] = malloc((size_t)m->bytes[i]);
            if (i < m->inputs && fread(buffers[i], 1, (size_t)m->bytes[i], stdin) != (size_t)m->bytes[i]) {
                return 3;
            }
        }
        if (said[1] >= 0) {
            m->poison(said[1]);
        }
        if (said[2] && m->reset) {
            m->reset();
        }
        m->call(buffers);
        for (int32_t i = 0; i < m->inputs + m->outputs; i++) {
            if (i >= m->inputs) {
                fwrite(buffers[i], 1, (size_t)m->bytes[i], stdout);
            }
            free(buffers[i]);
        }
    }
    return 0;
}
"""


def kernels_archive(folder: Path, cc: str = "gcc", flags: Sequence[str] = BUILD) -> Path:
    """All portable kernels, sanitized, in one archive."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted((csrc_dir() / "src" / "portable").glob("*.c"))
    include = f"-I{csrc_dir() / 'include'}"
    subprocess.run([cc, *flags, include, "-c", *map(str, sources)], cwd=folder, check=True)
    archive = folder / "libkernels.a"
    subprocess.run(["ar", "rcs", str(archive), *(f"{source.stem}.o" for source in sources)], cwd=folder, check=True)
    return archive


def apart(source: str, compiled: Compiled) -> str:
    """The source with an array of its own for every slot of the arena."""
    slots = {slot.name.upper(): slot for slot in compiled.plan.slots}
    arrays = []

    def replaced(match: re.Match[str]) -> str:
        slot = slots.pop(match[1])
        arrays.append(f"static int8_t apart_{slot.name}[{slot.bytes}] TFG_ALIGNED(8);")
        return f"#define {match[1]} {re.sub(r'[(]?arena [+] [0-9]+[)]?', f'apart_{slot.name}', match[2], count=1)}"

    text = _SLOT.sub(replaced, source)
    if slots:
        raise ValueError(f"slots without a definition: {sorted(slots)}")
    text = re.sub(r"^static int8_t arena\[.*$", "\n".join(arrays), text, flags=re.MULTILINE)
    if re.search(r"\barena \+", text):
        raise ValueError("the arena is still used")
    return text


def _unit(compiled: Compiled, view: ModelView, *, split: bool) -> str:
    """The model, and what the program needs to call it; the C file is included for its static names."""
    name = compiled.name
    source = view.source()
    count = len(compiled.graph.inputs) + len(compiled.graph.outputs)
    if split:
        source = apart(source, compiled)
        fill = [f"memset(apart_{slot.name}, value, sizeof apart_{slot.name});" for slot in compiled.plan.slots]
    else:
        fill = ["memset(arena, value, sizeof arena);"] if compiled.arena_bytes else []
    tail = "continue" if view.windowed else "invoke"
    return (
        f"{source}\n#include <string.h>\n"
        f"void {name}_poison(int value);\nvoid {name}_call(void **b);\n"
        f"void {name}_poison(int value)\n{{\n    (void)value;\n    " + "\n    ".join(fill) + "\n}\n"
        f"void {name}_call(void **b)\n{{\n    {name}_{tail}({', '.join(f'b[{i}]' for i in range(count))});\n}}\n"
    )


class Program:
    """Models, compiled and linked with sanitizers.

    Args:
        models: with names of their own; at most 16 inputs and outputs each.
        folder: where sources and program go.
        archive: what ``kernels_archive`` made.
        split: ``apart``, else ``as generated``.
        cc, flags: the compiler.
    """

    def __init__(
        self,
        models: Sequence[Compiled],
        folder: Path,
        archive: Path,
        *,
        split: bool = False,
        cc: str = "gcc",
        flags: Sequence[str] = BUILD,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.models = list(models)
        units, declared, rows = [], [], []
        for compiled in models:
            view, name = ModelView(compiled), compiled.name
            (folder / f"{name}.h").write_text(view.header())
            units.append(folder / f"{name}.c")
            units[-1].write_text(_unit(compiled, view, split=split))
            sides = [compiled.graph.tensors[i] for i in (*compiled.graph.inputs, *compiled.graph.outputs)]
            if len(sides) > 16:
                raise ValueError("too many inputs and outputs")
            reset = f"{name}_reset" if compiled.states else "0"
            declared.append(f"void {name}_poison(int value); void {name}_call(void **b);")
            declared.append(f"void {name}_reset(void);" if compiled.states else "")
            sizes = ", ".join(str(side.bytes) for side in sides)
            rows.append(
                f"    {{{name}_poison, {reset}, {name}_call, {len(compiled.graph.inputs)}, "
                f"{len(compiled.graph.outputs)}, {{{sizes}}}}},"
            )
        main = folder / "main.c"
        main.write_text(_MAIN % ("\n".join(declared), "\n".join(rows)))
        self.path = folder / "program"
        includes = [f"-I{folder}", f"-I{csrc_dir() / 'include'}"]
        command = [cc, *flags, *includes, str(main), *map(str, units), str(archive), "-o", str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]

    def run(
        self, number: int, inputs: Sequence[Sequence[np.ndarray]], *, pattern: int, sequence: bool = False
    ) -> bytes:
        """Outputs of one model for inputs [inference][input], one after the other.

        Args:
            number: of the model.
            inputs: arrays of the model's types and shapes.
            pattern: what the arena is filled with before each inference, 0..255; -1 leaves it.
            sequence: reset before the first inference only.

        Raises:
            AssertionError: a sanitizer had something to say.
        """
        fed = b"".join(
            struct.pack("<3i", number, pattern, int(position == 0 or not sequence))
            + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
            for position, arrays in enumerate(inputs)
        )
        done = subprocess.run(
            [str(self.path)], input=fed, capture_output=True, check=False, env=dict(OPTIONS), timeout=900
        )
        said = done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"{self.models[number].graph.place}: {said[-3000:]}"
        assert not said, said[-3000:]
        outputs = sum(self.models[number].graph.tensors[i].bytes for i in self.models[number].graph.outputs)
        assert len(done.stdout) == outputs * len(inputs)
        return done.stdout


def nasty_inputs(compiled: Compiled, seed: int = 1) -> list[list[np.ndarray]]:
    """Inputs [inference][input]: all least, all greatest, alternating, zero, random; not finite for floats."""
    rng = np.random.default_rng(seed)
    tensors = [compiled.graph.tensors[index] for index in compiled.graph.inputs]
    return [[_nasty(kind, tensor.dtype, tensor.shape, rng) for tensor in tensors] for kind in range(6)]


def _nasty(kind: int, dtype: DType, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if dtype is DType.BOOL:
        return rng.integers(0, 2, shape).astype(np.uint8)
    if dtype is DType.FLOAT32:
        if kind == 5:
            return rng.normal(0, 4, shape).astype(np.float32)
        pool = ([0.0, -0.0], [np.inf], [-np.inf], [np.nan, 1.0], [3e38, -3e38, 1e-45, -1e-45, 0.5])[kind]
        return rng.choice(np.array(pool, np.float32), shape)
    limits = np.iinfo(dtype.numpy)
    if kind == 2:
        return np.where(np.arange(int(np.prod(shape))) % 2, limits.min, limits.max).reshape(shape).astype(dtype.numpy)
    if kind in {0, 1, 3}:
        return np.full(shape, (limits.min, limits.max, 0, 0)[kind], dtype.numpy)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype.numpy, endpoint=True)
