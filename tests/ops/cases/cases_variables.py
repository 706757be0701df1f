"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE: streams whose states are read and assigned in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def initialize(model: Writer, shapes: dict[str, tuple[int, ...]], kind: dict[str, Any], value: int) -> None:
    """A CALL_ONCE whose subgraph assigns ``value`` to every variable."""
    inner = model.subgraph()
    for name, shape in shapes.items():
        handle = inner.tensor(f"{name} handle", (), "resource")
        inner.op("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", shared_name=name)
        content = inner.constant(f"{name} start", np.full(shape, value), "int8", **kind)
        inner.op("ASSIGN_VARIABLE", [handle, content], [], "AssignVariableOptions")
    model.op("CALL_ONCE", [], [], "CallOnceOptions", init_subgraph_index=1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        channels, fresh = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        keeps = [int(keep) for keep in rng.integers(1, 6, int(rng.integers(1, 4)))]
        zero = zero_point(rng)
        kind = {"scale": scale(rng), "zero_point": zero}
        shapes = {f"stream {at}": (1, keep, channels) for at, keep in enumerate(keeps)}
        model = Writer()
        initialize(model, shapes, kind, pick(rng, zero, -128, 7))
        handles = {}
        for name in shapes:
            handles[name] = model.tensor(f"{name} handle", (), "resource")
            model.op("VAR_HANDLE", [], [handles[name]], "VarHandleOptions", container="", shared_name=name)
        x = model.tensor("x", (1, fresh, channels), **kind)
        read = {}
        early = bool(rng.integers(2))
        now, outputs, late = x, [], []
        for name, keep in zip(shapes, keeps, strict=True):
            if early and not read:
                for other, shape in shapes.items():
                    read[other] = model.tensor(f"{other} read", shape, **kind)
                    model.op("READ_VARIABLE", [handles[other]], [read[other]], "ReadVariableOptions")
            if name not in read:
                read[name] = model.tensor(f"{name} read", shapes[name], **kind)
                model.op("READ_VARIABLE", [handles[name]], [read[name]], "ReadVariableOptions")
            length = model.tensors[now].shape[1]
            joined = model.tensor(f"{name} joined", (1, keep + length, channels), **kind)
            model.op("CONCATENATION", [read[name], now], [joined], "ConcatenationOptions", axis=1)
            kept = model.tensor(f"{name} kept", shapes[name], **kind)
            bounds = [[0, -keep, 0], [1, keep + length, channels], [1, 1, 1]]
            rows = [model.constant(f"{name} {at}", row) for at, row in enumerate(bounds)]
            model.op("STRIDED_SLICE", [joined, *rows], [kept], "StridedSliceOptions")
            what = pick(rng, "kept", "kept", "joined", "old")
            if what == "kept" or rng.integers(2):
                model.op("ASSIGN_VARIABLE", [handles[name], kept], [], "AssignVariableOptions")
            else:
                late.append((handles[name], kept))
            if what == "old":  # what was read is used after the assignment
                outputs.append(read[name])
            if what == "joined":
                again = model.tensor(f"{name} again", shapes[name], **kind)
                model.op("READ_VARIABLE", [handles[name]], [again], "ReadVariableOptions")
                outputs.append(again)
            now = joined
        outputs.append(now)
        for handle, kept in late:
            model.op("ASSIGN_VARIABLE", [handle, kept], [], "AssignVariableOptions")
        name = f"{number}: {fresh} new of {channels}, kept {keeps}, early {early}, {len(outputs)} outputs"
        yield Case(name, model.build([x], outputs), inputs=6, sequence=True)
