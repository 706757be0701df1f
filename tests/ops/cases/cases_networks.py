"""Whole networks: branches, several readers of a tensor, convolutions before pools, behind pads, of packed weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from cases_conv_2d import output_size
from cases_unidirectional_sequence_lstm import gate_weights
from opbench import Case
from opcase import ACTIVATIONS, out_scale, pick, scale, weights, zero_point
from tflite_writer import Writer

MOST_ELEMENTS, MOST_MACS = 6000, 150_000  # of a tensor, of an operator
SAME, VALID = 0, 1
ELEMENTWISE = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "SQUARED_DIFFERENCE": None}
FIXED_OUTPUT = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0), "SOFTMAX": (1 / 256, -128)}


@dataclass(frozen=True)
class Value:
    """A tensor of the network and its quantization."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def quant(self) -> tuple[float, int]:
        return self.scale, self.zero


def channels(rng: np.random.Generator, most: int) -> int:
    """1 to 70, small ones more often."""
    return int(min(max(most, 1), pick(rng, *rng.integers(1, [5, 9, 20, 71]))))


class Network:
    """A network that grows by one piece at a time.

    Args:
        rng: decides all.
        shapes: of the inputs.
        packed: all weights have zeros or few values.
    """

    def __init__(self, rng: np.random.Generator, shapes: Sequence[tuple[int, ...]], *, packed: bool = False) -> None:
        self.rng, self.model = rng, Writer()
        self.kinds, self.sharing = (2, 2) if packed else (6, 4)
        self.values: list[Value] = []
        self.read: set[int] = set()
        self.told: list[str] = []
        for number, shape in enumerate(shapes):
            self.new(f"in{number}", shape)
        self.inputs = list(self.values)

    # -- tensors -------------------------------------------------------------------------------------------------------

    def channels(self, most: int) -> int:
        return channels(self.rng, most)

    def new(self, name: str, shape: Sequence[int], quant: tuple[float, int] | None = None) -> Value:
        """A tensor that an operator writes, or the caller."""
        scale_, zero = quant or (scale(self.rng, 0.01, 0.1), zero_point(self.rng))
        scale_ = min(max(scale_, 1e-6), 1e3)  # of layers behind each other; beyond, LiteRT refuses activations
        shape = tuple(int(size) for size in shape)
        index = self.model.tensor(f"{name}_{len(self.model.tensors)}", shape, scale=scale_, zero_point=zero)
        self.values.append(Value(index, shape, float(np.float32(scale_)), zero))
        return self.values[-1]

    def source(self, fits: Callable[[Value], bool] = lambda _: True) -> Value | None:
        """A tensor to read: mostly the last one, sometimes any."""
        found = [value for value in self.values if fits(value)]
        if not found:
            return None
        return found[-1] if self.rng.integers(3) else found[int(self.rng.integers(len(found)))]

    def op(self, kind: str, inputs: list[Value | int], out: Value, options: str | None = None, **said: object) -> Value:
        """An operator of one output."""
        self.read.update(given.index for given in inputs if isinstance(given, Value))
        self.model.op(
            kind, [given.index if isinstance(given, Value) else given for given in inputs], [out.index], options, **said
        )
        self.told.append(f"{kind} {'x'.join(map(str, out.shape))}")
        return out

    def image(self) -> Value | None:
        """A tensor of four dimensions, made of one of three if need be."""
        found = self.source(lambda value: len(value.shape) in {3, 4})
        if found is None or len(found.shape) == 4:
            return found
        return self.reshaped(found, (found.shape[0], 1, *found.shape[1:]))

    def reshaped(self, value: Value, shape: tuple[int, ...]) -> Value:
        return self.op(
            "RESHAPE", [value, self.model.constant("shape", shape)], self.new("reshape", shape, value.quant),
            "ReshapeOptions", new_shape=list(shape),
        )  # fmt: skip

    def as_(self, value: Value, quant: tuple[float, int]) -> Value:
        """The same numbers in another quantization."""
        return value if value.quant == quant else self.op("QUANTIZE", [value], self.new("q", value.shape, quant))

    def weights(self, shape: tuple[int, ...]) -> np.ndarray:
        """Dense ones, mostly zeros, or few values: what is packed among them."""
        dense = weights(self.rng, shape)
        kind = int(self.rng.integers(self.kinds))
        if kind == 0:
            return np.where(self.rng.random(shape) < self.rng.uniform(0.5, 0.97), 0, dense).astype(np.int8)
        if kind == 1:
            return self.rng.choice(self.rng.integers(-127, 128, int(self.rng.integers(2, 17))), shape).astype(np.int8)
        return dense

    def filter(
        self, value: Value, shape: tuple[int, ...], axis: int, *, biased: bool = False
    ) -> tuple[list[int], list[float]]:
        """Constant weights and bias (if not ``biased``, perhaps without), and the scales of the weights."""
        channels = shape[axis]
        least = pick(self.rng, 2e-3, 2e-3, 2e-3, 1e-5)  # apart so far, some channels are shifted to the left
        scales = [scale(self.rng, least, 2e-2) for _ in range(channels if self.rng.integers(self.sharing) else 1)]
        found = [self.model.constant("w", self.weights(shape), "int8", scale=scales, axis=axis)]
        if not biased and not self.rng.integers(4):
            return found, scales
        reach = pick(self.rng, 10, 1000, 1000, 100_000, 1 << 30)
        numbers = self.rng.integers(-reach, reach + 1, channels)
        return [
            *found,
            self.model.constant("b", numbers, "int32", scale=[value.scale * one for one in scales], zero_point=0),
        ], scales

    # -- pieces: each adds something, or nothing where nothing fits ----------------------------------------------------

    def window(self, value: Value, *, most: int = 5, pool: bool = False) -> dict[str, list[int]] | None:
        """Kernel, strides, dilations and output sizes over two dimensions."""
        sizes = value.shape[1:3]
        kernel = [1 if size == 1 and self.rng.integers(8) else int(self.rng.integers(1, most + 1)) for size in sizes]
        if not self.rng.integers(3):
            kernel = [min(3, size) for size in sizes]
        strides = list(kernel) if pool and self.rng.integers(4) else [pick(self.rng, 1, 1, 1, 2, 3)] * 2
        if not self.rng.integers(4):
            strides = [pick(self.rng, 1, 2), pick(self.rng, 1, 2, 3)]
        dilations = [pick(self.rng, 1, 2), pick(self.rng, 1, 2, 3)] if not pool and not self.rng.integers(4) else [1, 1]
        padding = int(self.rng.integers(2))
        outs = [output_size(*numbers, padding) for numbers in zip(sizes, kernel, strides, dilations, strict=True)]
        if min(outs) < 1:
            return None
        return {"kernel": kernel, "strides": strides, "dilations": dilations, "outs": outs, "padding": [padding]}

    def convolution(self, form: str = "") -> None:
        value = self.image()
        found = value and self.window(value)
        if not value or not found:
            return
        in_ch, kernel, outs = value.shape[3], found["kernel"], found["outs"]
        form = form or pick(self.rng, "conv", "conv", "depthwise", "grouped")
        groups = pick(self.rng, *(n for n in (2, 3, 4, 5) if in_ch % n == 0)) if form == "grouped" and any(
            in_ch % n == 0 for n in (2, 3, 4, 5)
        ) else 1  # fmt: skip
        copies = pick(self.rng, 1, 1, 1, 2, 3) if form == "depthwise" else 1
        terms = math.prod(kernel) * (1 if form == "depthwise" else in_ch // groups)
        most = min(MOST_MACS // (terms * value.shape[0] * math.prod(outs)), MOST_ELEMENTS // math.prod(outs))
        out_ch = in_ch * copies if form == "depthwise" else groups * self.channels(most // groups)
        if out_ch > max(most, 1) or out_ch > 140:
            return
        shape = (1, *kernel, out_ch) if form == "depthwise" else (out_ch, *kernel, in_ch // groups)
        constants, scales = self.filter(value, shape, 3 if form == "depthwise" else 0, biased=form != "depthwise")
        quant = (out_scale(self.rng, value.scale, scales[0], terms), zero_point(self.rng))
        out = self.new(form, (value.shape[0], *outs, out_ch), quant)
        said = {
            "padding": found["padding"][0],
            "stride_h": found["strides"][0],
            "stride_w": found["strides"][1],
            "dilation_h_factor": found["dilations"][0],
            "dilation_w_factor": found["dilations"][1],
            "fused_activation_function": pick(self.rng, *ACTIVATIONS),
        }
        if form == "depthwise":
            said["depth_multiplier"] = copies
            self.op("DEPTHWISE_CONV_2D", [value, *constants], out, "DepthwiseConv2DOptions", **said)
        else:
            self.op("CONV_2D", [value, *constants], out, "Conv2DOptions", **said)

    def convolution_and_pool(self) -> None:
        before = len(self.values)
        self.convolution("conv" if self.rng.integers(4) else "")
        if len(self.values) > before:
            self.pool(self.values[-1], side=2)

    def padded_convolution(self) -> None:
        self.pad(self.image())
        self.convolution()

    def pool(self, value: Value | None = None, side: int = 0) -> None:
        value = value or self.image()
        found = value and self.window(value, most=4, pool=True)
        if not value or not found:
            return
        if side:
            kernel = [min(side, size) for size in value.shape[1:3]]
            outs = [output_size(*each, 1, found["padding"][0]) for each in zip(value.shape[1:3], kernel, kernel)]  # noqa: B905
            found = {**found, "kernel": kernel, "strides": kernel, "outs": outs}
        self.op(
            pick(self.rng, *["MAX_POOL_2D"] * (6 if side else 2), "AVERAGE_POOL_2D"),
            [value],
            self.new("pool", (value.shape[0], *found["outs"], value.shape[3]), value.quant),
            "Pool2DOptions",
            padding=found["padding"][0],
            stride_h=found["strides"][0],
            stride_w=found["strides"][1],
            filter_height=found["kernel"][0],
            filter_width=found["kernel"][1],
            fused_activation_function=pick(self.rng, *ACTIVATIONS),
        )

    def two(self) -> None:
        """An operator of two inputs: two tensors of a shape, one twice, or one and a constant."""
        left = self.source(lambda value: len(value.shape) <= 4)
        if left is None:
            return
        kind = pick(self.rng, *ELEMENTWISE, "MAXIMUM", "MINIMUM")
        others = [value for value in self.values if value.shape == left.shape]
        quant = left.quant if kind in {"MAXIMUM", "MINIMUM"} else None
        right: Value
        if self.rng.integers(3):
            right = others[int(self.rng.integers(len(others)))]
            right = self.as_(right, left.quant) if quant else right
        else:
            shape = pick(self.rng, left.shape, left.shape[-1:], (1,))
            quant_ = quant or (scale(self.rng, 0.01, 0.1), zero_point(self.rng))
            data = self.rng.integers(-128, 128, shape)
            index = self.model.constant("c", data, "int8", scale=quant_[0], zero_point=quant_[1])
            right = Value(index, tuple(shape), *quant_)
        if quant is None:
            natural = (
                left.scale * right.scale * 60 if kind in {"MUL", "SQUARED_DIFFERENCE"} else left.scale + right.scale
            )
            quant = (natural * float(np.exp(self.rng.uniform(-1.5, 1.5))), zero_point(self.rng))
        out = self.new(kind.lower(), left.shape, quant)
        said = {"fused_activation_function": pick(self.rng, *ACTIVATIONS)} if ELEMENTWISE.get(kind) else {}
        order: list[Value | int] = [left, right] if self.rng.integers(2) else [right, left]
        self.op(kind, order, out, ELEMENTWISE.get(kind), **said)

    def concatenation(self) -> None:
        first = self.source()
        if first is None:
            return
        axis = int(self.rng.integers(len(first.shape)))

        def rest(shape: tuple[int, ...]) -> tuple[int, ...]:
            return (len(shape), *shape[:axis], *shape[axis + 1 :])

        others = [value for value in self.values if rest(value.shape) == rest(first.shape)]
        chosen = [first, *(others[int(at)] for at in self.rng.integers(len(others), size=int(self.rng.integers(1, 4))))]
        total = sum(value.shape[axis] for value in chosen)
        shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
        if math.prod(shape) > MOST_ELEMENTS:
            return
        chosen = [self.as_(value, first.quant) for value in chosen]
        out = self.new("concat", shape, first.quant)
        self.op(
            "CONCATENATION", list(chosen), out, "ConcatenationOptions", axis=axis - len(shape) * pick(self.rng, 0, 1)
        )

    def split(self) -> None:
        value = self.source(lambda value: any(size % parts == 0 for size in value.shape for parts in (2, 3)))
        if value is None:
            return
        axis, parts = pick(
            self.rng, *((a, n) for a, size in enumerate(value.shape) for n in (2, 3) if size % n == 0 and size)
        )
        shape = (*value.shape[:axis], value.shape[axis] // parts, *value.shape[axis + 1 :])
        outs = [self.new("split", shape, value.quant) for _ in range(parts)]
        self.read.add(value.index)
        self.model.op(
            "SPLIT", [self.model.constant("axis", axis), value.index], [out.index for out in outs], "SplitOptions",
            num_splits=parts,
        )  # fmt: skip
        self.told.append(f"SPLIT {parts} along {axis}")

    def slice_(self) -> None:
        value = self.source()
        if value is None:
            return
        begin = [int(self.rng.integers(size)) if self.rng.integers(2) else 0 for size in value.shape]
        size = [int(self.rng.integers(1, full - at + 1)) for full, at in zip(value.shape, begin, strict=True)]
        constants = [self.model.constant("begin", begin), self.model.constant("size", size)]
        self.op("SLICE", [value, *constants], self.new("slice", tuple(size), value.quant), "SliceOptions")

    def pad(self, value: Value | None = None) -> None:
        value = value or self.source(lambda value: len(value.shape) <= 4)
        if value is None:
            return
        pairs = [
            [int(self.rng.integers(3)) for _ in range(2)] if axis > 0 and self.rng.integers(2) else [0, 0]
            for axis in range(len(value.shape))
        ]
        shape = tuple(sum(pair) + size for pair, size in zip(pairs, value.shape, strict=True))
        if math.prod(shape) <= MOST_ELEMENTS:
            said = self.model.constant("pad", pairs)
            self.op("PAD", [value, said], self.new("pad", shape, value.quant), "PadOptions")

    def reshape(self) -> None:
        value = self.source()
        if value is None:
            return
        one, two = value.shape[0], value.elements // value.shape[0]
        by = pick(self.rng, *(n for n in range(1, 13) if two % n == 0))
        self.reshaped(
            value, pick(self.rng, (one, two), (one, by, two // by), (one, 1, by, two // by), (one, by, 1, two // by))
        )

    def transpose(self) -> None:
        value = self.source(lambda value: 2 <= len(value.shape) <= 4)
        if value is None:
            return
        order = [0, *(int(axis) + 1 for axis in self.rng.permutation(len(value.shape) - 1))]
        shape = tuple(value.shape[axis] for axis in order)
        said = self.model.constant("order", order)
        self.op("TRANSPOSE", [value, said], self.new("transpose", shape, value.quant), "TransposeOptions")

    def reduction(self) -> None:
        value = self.source(lambda value: len(value.shape) in {3, 4})
        if value is None:
            return
        axes = pick(self.rng, [1], [2], [1, 2], [len(value.shape) - 1])
        kind, keep = pick(self.rng, "MEAN", "MEAN", "REDUCE_MAX", "SUM"), bool(self.rng.integers(2))
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(value.shape) if keep or axis not in axes)
        grown = float(np.sqrt(math.prod(value.shape[axis] for axis in axes)))
        quant = {
            "REDUCE_MAX": value.quant,
            "SUM": (value.scale * grown, zero_point(self.rng)),
            "MEAN": pick(self.rng, value.quant, (value.scale / grown, zero_point(self.rng))),
        }[kind]
        said = self.model.constant("axes", axes)
        self.op(kind, [value, said], self.new(kind.lower(), shape, quant), "ReducerOptions", keep_dims=keep)

    def one(self) -> None:
        """An operator of one number at a time, some of them behind each other."""
        value = self.source()
        for _ in range(int(self.rng.integers(1, 4))):
            if value is None:
                return
            kind = pick(
                self.rng, "RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH", "HARD_SWISH", "QUANTIZE", "ABS", "SOFTMAX"
            )
            if kind == "SOFTMAX" and (len(value.shape) > 4 or not 2 <= value.shape[-1] <= 500):
                kind = "RELU"
            free = (value.scale * float(np.exp(self.rng.uniform(-1, 1))), zero_point(self.rng))
            quant = FIXED_OUTPUT.get(kind, free if self.rng.integers(3) else value.quant)
            options = {"LEAKY_RELU": "LeakyReluOptions", "SOFTMAX": "SoftmaxOptions", "ABS": "AbsOptions"}.get(kind)
            said = {"LEAKY_RELU": {"alpha": 0.1}, "SOFTMAX": {"beta": 1.0}}.get(kind, {})
            value = self.op(kind, [value], self.new(kind.lower(), value.shape, quant), options, **said)

    def dense(self) -> None:
        value = self.source(lambda value: len(value.shape) >= 2 and value.elements // value.shape[0] <= 1500)
        if value is None:
            return
        whole = len(value.shape) == 2 or bool(self.rng.integers(2))
        length = value.elements // value.shape[0] if whole else value.shape[-1]
        rows = value.elements // length
        out_ch = self.channels(min(MOST_MACS // value.elements, MOST_ELEMENTS // rows))
        constants, scales = self.filter(value, (out_ch, length), 0)
        quant = (out_scale(self.rng, value.scale, scales[0], length), zero_point(self.rng))
        shape = (rows, out_ch) if whole else (*value.shape[:-1], out_ch)
        out = self.new("dense", shape, quant)
        said = {"keep_num_dims": not whole, "fused_activation_function": pick(self.rng, *ACTIVATIONS)}
        self.op("FULLY_CONNECTED", [value, *constants], out, "FullyConnectedOptions", **said)

    def lstm(self) -> None:
        """An LSTM over the rows of an image or a window of time, its weights sometimes pruned or clustered."""
        value = self.source(lambda value: len(value.shape) in {3, 4} and value.elements <= 1500)
        if value is None:
            return
        batches, steps, features = value.shape[0], math.prod(value.shape[1:-1]), value.shape[-1]
        if steps < 2:  # states would live on from window to window
            return
        units = min(self.channels(40), MOST_MACS // (4 * batches * steps * (features + 40)))
        if units < 1:
            return
        if len(value.shape) == 4:
            value = self.reshaped(value, (batches, steps, features))
        if not 1e-3 < value.scale < 0.3:
            value = self.as_(value, (scale(self.rng, 0.01, 0.1), zero_point(self.rng)))
        inputs: list[Value | int] = [value]
        scales = [scale(self.rng, 1e-3, 3e-2) for _ in range(8)]
        for length, own in ((features, scales[:4]), (units, scales[4:])):
            kind = pick(self.rng, "any", "any", "zeros", "few values", "both")
            weights_ = (gate_weights(self.rng, (units, length), kind) for _ in own)
            inputs += [
                self.model.constant("w", each, "int8", scale=one) for each, one in zip(weights_, own, strict=True)
            ]
        inputs += [-1, -1, -1]
        for one in scales[:4]:
            numbers = self.rng.integers(-3000, 3000, units)
            inputs.append(self.model.constant("b", numbers, "int32", scale=value.scale * one))
        quant = (scale(self.rng, 0.004, 0.01), int(self.rng.integers(-60, 60)))
        hidden = {"scale": quant[0], "zero_point": quant[1]}
        inputs += [-1, -1, self.model.tensor("h", (batches, units), variable=True, **hidden)]
        power = int(self.rng.integers(-15, -8))
        inputs.append(self.model.tensor("c", (batches, units), "int16", scale=2.0**power, variable=True))
        inputs += [-1, -1, -1, -1]
        between = [self.model.tensor("gate", (), "int16", scale=2.0**-12) for _ in range(4)]
        between.append(self.model.tensor("hidden", (), "int8", **hidden))
        out = self.new("lstm", (batches, steps, units), quant)
        said = {"fused_activation_function": 4, "intermediates": between}
        self.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, out, "UnidirectionalSequenceLSTMOptions", **said)
        if self.rng.integers(2):
            ends = [self.model.constant("end", bound) for bound in ([0, -1, 0], [0, 0, 0], [1, 1, 1])]
            said = {"begin_mask": 5, "end_mask": 5, "shrink_axis_mask": 2}
            self.op(
                "STRIDED_SLICE", [out, *ends], self.new("last", (batches, units), quant), "StridedSliceOptions", **said
            )

    def grown(self) -> None:
        """Nearest neighbours of an image."""
        value = self.image()
        if value is None or 4 * value.elements > MOST_ELEMENTS:
            return
        size = [int(side) * int(self.rng.integers(1, 3)) for side in value.shape[1:3]]
        out = self.new("resize", (value.shape[0], *size, value.shape[3]), value.quant)
        self.op(
            "RESIZE_NEAREST_NEIGHBOR", [value, self.model.constant("size", size)], out, "ResizeNearestNeighborOptions"
        )

    def transposed_convolution(self) -> None:
        value = self.image()
        if value is None:
            return
        kernel, strides = ([int(size) for size in self.rng.integers(1, most, 2)] for most in (5, 4))
        padding = int(self.rng.integers(2))
        sides = zip(value.shape[1:3], kernel, strides, strict=True)
        outs = [(size - 1) * stride + (taps if padding else 1) for size, taps, stride in sides]
        macs = math.prod(kernel) * value.elements
        out_ch = self.channels(min(MOST_MACS // macs, MOST_ELEMENTS // math.prod(outs)))
        if macs * out_ch > MOST_MACS or math.prod(outs) * out_ch > MOST_ELEMENTS:
            return
        shape = (value.shape[0], *outs, out_ch)
        (filter_, *bias), scales = self.filter(value, (out_ch, *kernel, value.shape[3]), 0)
        quant = (out_scale(self.rng, value.scale, scales[0], value.shape[3] * 2), zero_point(self.rng))
        self.op(
            "TRANSPOSE_CONV",
            [self.model.constant("shape", shape), filter_, value, *bias],
            self.new("transpose_conv", shape, quant),
            "TransposeConvOptions",
            padding=padding,
            stride_h=strides[0],
            stride_w=strides[1],
            fused_activation_function=pick(self.rng, *ACTIVATIONS),
        )

    def stepped(self) -> None:
        """Every so many places along each dimension, from either end."""
        value = self.source(lambda value: len(value.shape) <= 4)
        if value is None:
            return
        steps = [pick(self.rng, 1, 1, 2, -1) for _ in value.shape]
        every = (1 << len(steps)) - 1
        constants = [
            self.model.constant(name, row) for name, row in (("begin", [0] * len(steps)), ("end", value.shape))
        ]
        out = self.new(
            "steps", [-(-size // abs(step)) for size, step in zip(value.shape, steps, strict=True)], value.quant
        )
        self.op(
            "STRIDED_SLICE", [value, *constants, self.model.constant("steps", steps)], out, "StridedSliceOptions",
            begin_mask=every, end_mask=every,
        )  # fmt: skip

    def gather(self) -> None:
        value = self.source()
        if value is None:
            return
        axis = int(self.rng.integers(len(value.shape)))
        indices = self.rng.integers(0, value.shape[axis], int(self.rng.integers(1, 9)))
        shape = (*value.shape[:axis], len(indices), *value.shape[axis + 1 :])
        if math.prod(shape) <= MOST_ELEMENTS:
            out = self.new("gather", shape, value.quant)
            self.op("GATHER", [value, self.model.constant("indices", indices)], out, "GatherOptions", axis=axis)

    def prelu(self) -> None:
        value = self.source(lambda value: 2 <= len(value.shape) <= 4)
        if value is None:
            return
        shape = (1,) * (len(value.shape) - 2) + value.shape[-1:]
        slopes = self.model.constant(
            "alpha", self.rng.integers(-128, 128, shape), "int8", scale=scale(self.rng), zero_point=zero_point(self.rng)
        )
        quant = (value.scale * float(np.exp(self.rng.uniform(-1, 2))), zero_point(self.rng))
        self.op("PRELU", [value, slopes], self.new("prelu", value.shape, quant))

    PIECES = (
        *[convolution] * 6, *[convolution_and_pool] * 3, *[padded_convolution] * 2, *[pool] * 2, *[two] * 4,
        *[concatenation] * 3, *[dense] * 2, *[one] * 2, *[reshape] * 2, split, slice_, pad, transpose, reduction, grown,
        transposed_convolution, stepped, gather, prelu, *[lstm] * 2,
    )  # fmt: skip

    ALONG_TIME = (
        *[convolution] * 6, *[convolution_and_pool] * 4, *[padded_convolution] * 2, *[pool] * 2, *[two] * 4, *[one] * 3,
    )  # fmt: skip

    def finished(self) -> bytes:
        """The file: what nobody reads is an output, and sometimes a tensor that somebody reads."""
        inputs = {value.index for value in self.inputs}
        outputs = [value for value in self.values if value.index not in self.read | inputs]
        more = [value for value in self.values if value.index in self.read - inputs]
        if more and not self.rng.integers(3):
            outputs.append(more[int(self.rng.integers(len(more)))])
        return self.model.build([value.index for value in self.inputs], [value.index for value in outputs])


def network(rng: np.random.Generator, name: str = "", *, packed: bool = False) -> Case | None:
    """A network of up to eleven pieces; None where none of them fits its inputs. ``packed``: as of ``Network``."""
    return _grown(Network(rng, _inputs(rng), packed=packed), Network.PIECES, int(rng.integers(2, 12)), name)


def over_time(rng: np.random.Generator, name: str = "", *, wide: bool = False, packed: bool = False) -> Case | None:
    """A network of one window of time, whose first pieces go along it; ``wide``: each time is a row of places."""
    if wide:
        shape = (1, *(int(size) for size in rng.integers((8, 2, 1), (40, 9, 5))))
    else:
        length, channels = int(rng.integers(8, 60)), int(rng.integers(1, 9))
        shape = pick(
            rng, (1, 1, length, channels), (1, 1, length, channels), (1, length, 1, channels), (1, length, channels)
        )
    start = Network(rng, [shape], packed=packed)
    _grown(start, Network.ALONG_TIME, int(rng.integers(1, 6)), name)
    return _grown(start, Network.PIECES, int(rng.integers(4)), name)


def _inputs(rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Shapes of one input or two: images, or windows of time, some of them in three dimensions."""
    flat, shapes = bool(rng.integers(2)), []
    for _ in range(pick(rng, 1, 1, 1, 1, 2)):
        sizes = [1, int(rng.integers(2, 60))] if flat else [int(rng.integers(1, 15)), int(rng.integers(1, 15))]
        shape = (pick(rng, 1, 1, 1, 1, 1, 2), *sizes, channels(rng, MOST_ELEMENTS // math.prod(sizes) // 2))
        shapes.append(shape if rng.integers(5) or not flat else (shape[0], *shape[2:]))
    return shapes


def _grown(start: Network, pieces: Sequence[Callable[[Network], None]], count: int, name: str) -> Case | None:
    for _ in range(count):
        pick(start.rng, *pieces)(start)
    return Case(f"{name}{', '.join(start.told)}", start.finished(), inputs=3) if start.told else None


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number in itertools.count(1):
        case = network(rng, f"{number}: ")
        if case is not None:
            yield case
