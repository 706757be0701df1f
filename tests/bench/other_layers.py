"""What single layers cost that are no plain convolution, dense or recurrent layer, and which kernels they call.

    python tests/bench/other_layers.py [WORD ...] [--optimize GOAL]

Instructions of an inference on the virtual Cortex-M4, for each MAC or each number of the output; flash and RAM as in
``tinyforge profile``. Only layers are shown whose names hold one of the words.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from onelayer import CONV, DEPTHWISE, Kind, layer
from tflite_writer import Writer

from tinyforge.pipeline import models

IN, OUT = {"scale": 0.05, "zero_point": 3}, {"scale": 0.07, "zero_point": -5}
Layer = tuple[str, bytes]


def grouped() -> Iterator[Layer]:
    """Groups, and depthwise layers with stride and dilation."""
    for kernel, size, in_ch, out_ch, groups in (
        ((3, 3), 10, 16, 16, 2), ((3, 3), 10, 16, 16, 4), ((3, 3), 8, 32, 32, 16), ((3, 3), 8, 62, 62, 2),
        ((1, 1), 8, 32, 32, 4), ((1, 5), 100, 6, 16, 2), ((1, 5), 100, 6, 24, 6), ((1, 5), 40, 32, 32, 2),
    ):  # fmt: skip
        name = f"{groups} groups, {'x'.join(map(str, kernel))}, {in_ch} to {out_ch} channels, {size} places"
        yield name, layer(Kind(CONV, kernel, groups=groups), size, in_ch, out_ch)
    for kernel, size, channels, copies in (
        ((3, 3), 16, 16, 1),
        ((3, 3), 16, 3, 1),
        ((1, 5), 60, 16, 1),
        ((3, 3), 16, 8, 2),
    ):
        taps = "x".join(map(str, kernel))
        name = f"depthwise {taps}, stride 2, dilated by 2, {channels} to {copies * channels} channels"
        yield name, layer(Kind(DEPTHWISE, kernel, 2, 2, copies), size, channels, channels)


def transposed() -> Iterator[Layer]:
    for kernel, stride, in_ch, out_ch, size in (
        ((3, 3), (2, 2), 16, 16, (6, 6)), ((2, 2), (2, 2), 16, 8, (6, 6)), ((1, 4), (1, 2), 16, 16, (1, 30)),
        ((3, 3), (1, 1), 16, 16, (8, 8)), ((3, 3), (2, 2), 3, 4, (10, 10)),
    ):  # fmt: skip
        rng, model = np.random.default_rng(1), Writer()
        after = [place * step for place, step in zip(size, stride, strict=True)]
        x = model.tensor("x", (1, *size, in_ch), **IN)
        weights = rng.integers(-127, 128, (out_ch, *kernel, in_ch)).astype(np.int8)
        filter_ = model.constant("filter", weights, "int8", scale=[0.01] * out_ch)
        bias = model.constant("bias", rng.integers(-500, 500, out_ch), "int32", scale=[0.0005] * out_ch)
        y = model.tensor("y", (1, *after, out_ch), scale=0.2, zero_point=-128)
        inputs = [model.constant("shape", [1, *after, out_ch]), filter_, x, bias]
        options = {"stride_h": stride[0], "stride_w": stride[1], "padding": 0}
        model.op("TRANSPOSE_CONV", inputs, [y], "TransposeConvOptions", **options)
        name = (
            f"transposed {kernel[0]}x{kernel[1]}, stride {stride[1]}, {in_ch} to {out_ch} channels, {size[0]}x{size[1]}"
        )
        yield name, bytes(model.build([x], [y]))


def matrices() -> Iterator[Layer]:
    """Of attention."""
    for left, right, adj_y in (
        ((1, 16, 32), (1, 16, 32), True),
        ((1, 16, 16), (1, 16, 32), False),
        ((4, 16, 8), (4, 16, 8), True),
    ):
        model = Writer()
        x, other = model.tensor("x", left, **IN), model.tensor("other", right, **OUT)
        y = model.tensor("y", (*left[:-1], right[-2] if adj_y else right[-1]), scale=1.0, zero_point=0)
        model.op("BATCH_MATMUL", [x, other], [y], "BatchMatMulOptions", adj_x=False, adj_y=adj_y)
        yield (
            f"batch_matmul {list(left)} by {list(right)}{' transposed' if adj_y else ''}",
            bytes(model.build([x, other], [y])),
        )


def binary() -> Iterator[Layer]:
    for kind, options in (
        ("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions"),
        ("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"),
    ):  # fmt: skip
        for right in ((1, 10, 10, 16), (1, 1, 1, 16)):
            model = Writer()
            x, other = model.tensor("x", (1, 10, 10, 16), **IN), model.tensor("other", right, **OUT)
            y = model.tensor("y", (1, 10, 10, 16), scale=0.08, zero_point=1)
            model.op(kind, [x, other], [y], options)
            yield f"{kind.lower()} {[1, 10, 10, 16]} and {list(right)}", bytes(model.build([x, other], [y]))


def unary(
    name: str, kind: str, shape: tuple[int, ...], after: tuple[int, ...], options: str, *constants: Any, **said: Any
) -> Layer:
    """One operator with one input that is computed."""
    model = Writer()
    quant = said.pop("quant", OUT)
    x = model.tensor("x", shape, **IN)
    inputs = [x, *(model.constant(f"c{number}", value) for number, value in enumerate(constants))]
    y = model.tensor("y", after, **quant)
    model.op(kind, inputs, [y], options, **said)
    return name, bytes(model.build([x], [y]))


def others() -> Iterator[Layer]:
    for shape, axes in (((1, 8, 8, 32), [1, 2]), ((1, 100, 16), [1]), ((1, 10, 10, 16), [3]), ((1, 8, 8, 16), [1, 3])):
        after = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        yield unary(f"mean of {list(shape)} over {axes}", "MEAN", shape, after, "ReducerOptions", axes)
    softmax = {"scale": 1 / 256, "zero_point": -128}
    for shape in ((1, 10), (16, 16)):
        yield unary(f"softmax {list(shape)}", "SOFTMAX", shape, shape, "SoftmaxOptions", beta=1.0, quant=softmax)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*")
    parser.add_argument("--optimize", default="balanced")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.tflite"
        for family in (grouped, transposed, matrices, binary, others):
            for name, data in family():
                if options.words and not any(word in name for word in options.words):
                    continue
                path.write_bytes(data)
                cost = models.profile(path, optimize=options.optimize)
                numbers = cost["macs"] or int(np.prod(cost["layers"][-1]["output_shape"]))
                each = f"{cost['instructions'] / numbers:6.2f} {'MAC' if cost['macs'] else 'number'}"
                kernels = " ".join(found["kernel"] for found in cost["layers"])
                memory = f"flash {cost['flash_bytes']:>5} RAM {cost['ram_bytes']:>4}"
                print(f"{name:58} {cost['instructions']:>8} {each:13} {memory} {kernels}", flush=True)


if __name__ == "__main__":
    main()
