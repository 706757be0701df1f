"""Networks over a window of time, random ones among them, and both forms of them side by side."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.streaming import stream, stream_beside
from tinyforge.core.graph import Compiled
from tinyforge.runtimes import get_runtime
from tinyforge.toolchain.host import build_shared

VALID, SAME = 1, 0


class Net:
    """Layers over [1, 1, length, channels], one after the other."""

    def __init__(self, length: int, channels: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.model = Writer()
        self.input = self.now = self.model.tensor("x", (1, 1, length, channels), scale=0.05, zero_point=-3)
        self.length, self.channels = length, channels

    def _output(self, length: int, channels: int, scale: float = 0.05) -> int:
        self.length, self.channels = length, channels
        self.now = self.model.tensor(
            f"t{len(self.model.tensors)}", (1, 1, length, channels), scale=scale, zero_point=-3
        )
        return self.now

    @staticmethod
    def _after(length: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
        extent = (kernel - 1) * dilation + 1
        return -(-length // stride) if padding == SAME else (length - extent) // stride + 1

    def conv(
        self, filters: int, kernel: int, stride: int = 1, padding: int = VALID, dilation: int = 1, zeros: float = 0.0
    ) -> Net:
        scales = [float(one) for one in self.rng.uniform(0.002, 0.01, filters)]
        weights = self.rng.integers(-127, 128, (filters, 1, kernel, self.channels))
        weights = weights * (self.rng.random(weights.shape) >= zeros)
        w = self.model.constant("w", weights, "int8", scale=scales)
        b = self.model.constant("b", self.rng.integers(-900, 900, filters), "int32", scale=[0.05 * s for s in scales])
        source, length = self.now, self._after(self.length, kernel, stride, padding, dilation)
        self.model.op(
            "CONV_2D", [source, w, b], [self._output(length, filters)], "Conv2DOptions", padding=padding, stride_h=1,
            stride_w=stride, dilation_w_factor=dilation, dilation_h_factor=1,
        )  # fmt: skip
        return self

    def depthwise(self, kernel: int, stride: int = 1, padding: int = VALID, dilation: int = 1) -> Net:
        scales = [float(one) for one in self.rng.uniform(0.002, 0.02, self.channels)]
        weights = self.rng.integers(-127, 128, (1, 1, kernel, self.channels))
        w = self.model.constant("w", weights, "int8", scale=scales, axis=3)
        source, length = self.now, self._after(self.length, kernel, stride, padding, dilation)
        self.model.op(
            "DEPTHWISE_CONV_2D", [source, w, -1], [self._output(length, self.channels)], "DepthwiseConv2DOptions",
            padding=padding, stride_h=1, stride_w=stride, depth_multiplier=1, dilation_w_factor=dilation,
            dilation_h_factor=1,
        )  # fmt: skip
        return self

    def pool(self, size: int, kind: str = "MAX_POOL_2D", padding: int = VALID) -> Net:
        source, length = self.now, self._after(self.length, size, size, padding)
        self.model.op(
            kind, [source], [self._output(length, self.channels)], "Pool2DOptions", padding=padding, stride_w=size,
            stride_h=1, filter_width=size, filter_height=1,
        )  # fmt: skip
        return self

    def residual(self, kernel: int) -> Net:
        """A convolution that keeps its length, added to its input."""
        before = self.now
        self.conv(self.channels, kernel, padding=SAME)
        inner = self.now
        self.model.op("ADD", [before, inner], [self._output(self.length, self.channels)], "AddOptions")
        return self

    def tanh(self) -> Net:
        source = self.now
        self.now = self.model.tensor("tanh", (1, 1, self.length, self.channels), scale=1 / 128, zero_point=0)
        self.model.op("TANH", [source], [self.now])
        again = self.now
        self.model.op("QUANTIZE", [again], [self._output(self.length, self.channels)])
        return self

    def head(self, *, flat: bool = False, classes: int = 3) -> bytes:
        """A mean over time or the whole window, then a dense layer."""
        features = self.length * self.channels if flat else self.channels
        source = self.now
        if not flat:
            source = self.model.tensor("mean", (1, self.channels), scale=0.02, zero_point=-3)
            self.model.op("MEAN", [self.now, self.model.constant("axes", [1, 2])], [source], "ReducerOptions")
        w = self.model.constant("w", self.rng.integers(-127, 128, (classes, features)), "int8", scale=0.01)
        y = self.model.tensor("y", (1, classes), scale=0.2, zero_point=1)
        self.model.op("FULLY_CONNECTED", [source, w, -1], [y], "FullyConnectedOptions")
        return self.model.build([self.input], [y])


def cnn(length: int = 100, *, flat: bool = False) -> bytes:
    """What ``cnn1d`` builds of a window of 100: three convolutions with pools of two."""
    net = Net(length, 6).conv(16, 5).pool(2).conv(32, 5).pool(2).conv(32, 3).pool(2)
    return net.head(flat=flat)


def random_net(seed: int) -> bytes:
    """Up to five layers of any kind."""
    rng = np.random.default_rng(seed)
    net = Net(int(rng.integers(24, 70)), int(rng.integers(1, 7)), seed)
    for _ in range(int(rng.integers(1, 6))):
        kernel, padding = int(rng.integers(1, 6)), int(rng.integers(2))
        kind = int(rng.integers(6))
        if net.length < 12:
            break
        if kind < 2:
            net.conv(
                int(rng.integers(1, 9)),
                kernel,
                int(rng.integers(1, 3)),
                padding,
                int(rng.integers(1, 3)) if kind else 1,
            )
        elif kind == 2:
            net.depthwise(kernel, int(rng.integers(1, 3)), padding)
        elif kind == 3:
            net.pool(int(rng.integers(2, 4)), str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), padding)
        elif kind == 4:
            net.residual(kernel)
        else:
            net.tanh()
    return net.head(flat=bool(rng.integers(2)))


def library(compiled: Compiled, folder: Path) -> ctypes.CDLL:
    """A model as a shared library for this machine."""
    manifest = get_runtime("aot").generate(compiled, folder)
    sources = [folder / source for source in manifest.sources]
    includes = [folder / one for one in manifest.include_dirs]
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O2")
    return ctypes.CDLL(str(build_shared(sources, includes, folder / "model.so", strict)))


def differences(
    data: bytes, hop: int, hops: int, folder: Path, *, force: bool = False, goal: Goal = Goal.BALANCED
) -> tuple[Compiled, int, int]:
    """The streaming model, how many full windows it saw, and for how many its output differs from the whole window's.

    Args:
        force: stream even where it does not pay.
        goal: of the compiler.
    """
    whole = compile_model(data, name="whole", place="whole.tflite", goal=goal)
    sliding = stream(
        compile_model(data, name="sliding", place="sliding.tflite", goal=goal), hop, goal=goal, force=force
    )
    assert sliding.stream is not None, sliding.log[-1]
    one, two = library(whole, folder / "whole"), library(sliding, folder / "sliding")
    length = sliding.stream.length
    channels = whole.graph.tensors[whole.graph.inputs[0]].bytes // length
    samples = np.random.default_rng(hop).integers(-128, 128, (hops * hop, channels)).astype(np.int8)
    outputs = [np.zeros(whole.graph.tensors[whole.graph.outputs[0]].bytes, np.int8) for _ in range(2)]
    two.sliding_reset() if sliding.states else None
    seen = wrong = 0
    for number in range(1, hops + 1):
        start = samples.ctypes.data + (number - 1) * hop * channels
        two.sliding_invoke(ctypes.c_void_p(start), ctypes.c_void_p(outputs[1].ctypes.data))
        if number * hop >= length:
            window = samples.ctypes.data + (number * hop - length) * channels
            one.whole_invoke(ctypes.c_void_p(window), ctypes.c_void_p(outputs[0].ctypes.data))
            seen += 1
            wrong += not np.array_equal(*outputs)
    return sliding, seen, wrong


def differences_beside(
    data: bytes, hop: int, hops: int, folder: Path, *, goal: Goal = Goal.BALANCED
) -> tuple[Compiled, int, int]:
    """Both functions in one library, called in turn: the model, how many full windows, for how many the two differ.

    Args:
        goal: of the compiler.
    """
    both = stream_beside(compile_model(data, name="both", place="both.tflite", goal=goal), hop, goal=goal, force=True)
    assert both.sliding is not None
    assert both.stream is None
    made = library(both, folder)
    length = both.sliding.stream.length
    row = both.graph.tensors[both.graph.inputs[0]].bytes // length
    samples = np.random.default_rng(hop).integers(-128, 128, (hops * hop, row)).astype(np.int8)
    outputs = [np.zeros(both.graph.tensors[both.graph.outputs[0]].bytes, np.int8) for _ in range(2)]
    made.both_slide_reset()
    seen = wrong = 0
    for number in range(1, hops + 1):
        start = samples.ctypes.data + (number - 1) * hop * row
        made.both_slide(ctypes.c_void_p(start), ctypes.c_void_p(outputs[1].ctypes.data))
        # the whole window in the same arena, also while the window fills: what is kept must not lie there
        begin = max(0, number * hop - length)
        if begin + length <= len(samples):
            window = samples.ctypes.data + begin * row
            made.both_invoke(ctypes.c_void_p(window), ctypes.c_void_p(outputs[0].ctypes.data))
        if number * hop >= length:
            seen += 1
            wrong += not np.array_equal(*outputs)
    return both, seen, wrong
