"""Random layers and small networks whose weights may take several forms, and every program the compiler could make."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from onelayer import gru, lstm
from tflite_writer import Writer

from tinyforge.compiler import Goal, forms
from tinyforge.compiler.memory_plan import plan_memory
from tinyforge.compiler.packing import PLAIN
from tinyforge.compiler.passes import run_passes
from tinyforge.compiler.reader import read_model
from tinyforge.core.graph import Compiled, Graph
from tinyforge.runtimes.aot.generate import ModelView

SCALE = 0.05
SAME, VALID = 0, 1
MOST_PROGRAMS = 40  # of one network


class Weights(NamedTuple):
    """What training left.

    Attributes:
        zeros: their share.
        values: at most so many beside zero; 0 for any.
    """

    zeros: float
    values: int

    def of(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Int8 weights."""
        if self.values:
            book = rng.choice(np.setdiff1d(np.arange(-127, 128), [0]), self.values, replace=False)
            found = rng.choice(book, shape)
        else:
            found = np.clip(np.rint(rng.normal(0, 40, shape)), -127, 127)
        return (found * (rng.random(shape) >= self.zeros)).astype(np.int8)


def random_weights(rng: np.random.Generator) -> Weights:
    """Pruned, clustered, or both."""
    kind = int(rng.integers(3))
    zeros = float(rng.uniform(0.35, 0.97)) if kind != 1 else 0.0
    return Weights(zeros, int(rng.choice([15, 15, 7, 3])) if kind else 0)


class _Net:
    """Layers one after the other."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
        self.rng, self.model, self.shape, self.scale = rng, Writer(), shape, SCALE
        self.zero_point = -128
        self.input = self.now = self.model.tensor("x", shape, scale=SCALE, zero_point=-128)
        self.told: list[str] = []

    def _to(self, shape: tuple[int, ...]) -> int:
        self.shape = shape
        return self.model.tensor(f"t{len(self.model.tensors)}", shape, scale=self.scale, zero_point=self.zero_point)

    def _op(self, kind: str, weights: Weights, shape: tuple[int, ...], after: tuple[int, ...], **options: int) -> None:
        """An operator with weights of a shape; a clustered matrix has one scale, as clustering leaves it."""
        rng, channels = self.rng, shape[0]
        one = bool(weights.values) or not rng.integers(3)
        scales = [0.01] if one else [float(each) for each in rng.uniform(0.005, 0.015, channels)]
        w = self.model.constant("w", weights.of(rng, shape), "int8", scale=scales)
        bias = rng.integers(-900, 900, channels)
        b = self.model.constant("b", bias, "int32", scale=[self.scale * each for each in scales])
        said = [f"{weights.zeros:.0%} zeros"] if weights.zeros else []
        said += [f"{weights.values} values"] if weights.values else []
        self.told.append(" ".join(said) or "plain")
        source = [self.now, w, b]
        self.zero_point = int(rng.choice([-128, -128, -9, 3]))
        options["fused_activation_function"] = int(rng.integers(2))  # RELU: a clamp of its own but for -128
        self.scale = float(np.float32(self.scale * 0.01 * np.sqrt(np.prod(shape[1:])) * 40))
        self.now = self._to(after)
        table = "Conv2DOptions" if kind == "CONV_2D" else "FullyConnectedOptions"
        self.model.op(kind, source, [self.now], table, **options)

    def conv(
        self, weights: Weights, channels: int, kernel: tuple[int, int], stride: int = 1, padding: int = VALID
    ) -> None:
        """A convolution."""
        _, height, width, in_ch = self.shape
        strides = (stride if kernel[0] > 1 else 1, stride)
        sides = (
            -(-size // step) if padding == SAME else (size - taps) // step + 1
            for size, taps, step in zip((height, width), kernel, strides, strict=True)
        )
        self.told.append(f"conv {kernel[0]}x{kernel[1]} /{stride} {'vs'[padding == SAME]} {self.shape} to {channels}")
        self._op(
            "CONV_2D", weights, (channels, *kernel, in_ch), (1, *sides, channels), padding=padding,
            stride_h=strides[0], stride_w=stride, dilation_w_factor=1, dilation_h_factor=1,
        )  # fmt: skip

    def pool(self, size: tuple[int, int]) -> None:
        """A max pooling, where it fits."""
        _, height, width, channels = self.shape
        if height < size[0] or width < size[1]:
            return
        self.told.append(f"pool {size[0]}x{size[1]}")
        source, self.now = self.now, self._to((1, height // size[0], width // size[1], channels))
        self.model.op(
            "MAX_POOL_2D", [source], [self.now], "Pool2DOptions", padding=VALID, stride_w=size[1], stride_h=size[0],
            filter_width=size[1], filter_height=size[0],
        )  # fmt: skip

    def dense(self, weights: Weights, outputs: int) -> None:
        """A dense layer."""
        inputs, batches = int(np.prod(self.shape[1:])), self.shape[0]
        self.told.append(f"dense {inputs} to {outputs}")
        self._op("FULLY_CONNECTED", weights, (outputs, inputs), (batches, outputs))

    def built(self) -> tuple[str, bytes]:
        """What it is, and its model."""
        return ", ".join(self.told), bytes(self.model.build([self.input], [self.now]))


def _along(rng: np.random.Generator, *, pooled: bool) -> tuple[str, bytes]:
    """A convolution along time."""
    length = int(rng.integers(12, 100))
    net = _Net(rng, (1, 1, length, int(rng.integers(1, 33))))
    kernel = int(rng.integers(1, 8))
    net.conv(random_weights(rng), int(rng.integers(2, 49)), (1, kernel), int(rng.integers(1, 3)), int(rng.integers(2)))
    if pooled:
        net.pool((1, int(rng.choice([2, 2, 3, 4]))))
    return net.built()


def _image(rng: np.random.Generator, *, pooled: bool) -> tuple[str, bytes]:
    """A convolution over two dimensions."""
    net = _Net(rng, (1, *(int(size) for size in rng.integers(6, 20, 2)), int(rng.integers(1, 17))))
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    net.conv(random_weights(rng), int(rng.integers(1, 25)), kernel, int(rng.integers(1, 3)), int(rng.integers(2)))
    if pooled:
        net.pool((2, 2))
    return net.built()


def _few(rng: np.random.Generator) -> tuple[str, bytes]:
    """A convolution of few channels over two dimensions."""
    net = _Net(rng, (1, *(int(size) for size in rng.integers(4, 30, 2)), int(rng.choice([1, 1, 2, 3]))))
    kernel = (int(rng.integers(1, 5)), int(rng.integers(2, min(6, net.shape[2] + 1))))
    net.conv(random_weights(rng), int(rng.integers(1, 20)), kernel, int(rng.integers(1, 4)), int(rng.integers(2)))
    if not rng.integers(3):
        net.pool((2, 2))
    return net.built()


def _dense(rng: np.random.Generator, *, layers: int) -> tuple[str, bytes]:
    """Dense layers of alike weights."""
    net, weights = _Net(rng, (int(rng.choice([1, 1, 1, 2])), int(rng.integers(8, 401)))), random_weights(rng)
    for width in sorted((int(rng.integers(1, 97)) for _ in range(layers)), reverse=True):
        net.dense(weights, width)
    return net.built()


def _cnn(rng: np.random.Generator) -> tuple[str, bytes]:
    """Two convolutions along time with pools, then one or two dense layers; some of them plain."""
    net, weights = _Net(rng, (1, 1, int(rng.integers(30, 100)), int(rng.integers(1, 13)))), random_weights(rng)
    for _ in range(2):
        one = weights if rng.integers(4) else Weights(0.0, 0)
        net.conv(one, int(rng.integers(4, 33)), (1, int(rng.integers(2, 6))), 1, int(rng.integers(2)))
        net.pool((1, int(rng.choice([2, 4]))))
    for width in (int(rng.integers(2, 33)), int(rng.integers(2, 9)))[int(rng.integers(2)) :]:
        net.dense(weights, width)
    return net.built()


def _recurrent(rng: np.random.Generator, *, gates: int) -> tuple[str, bytes]:
    """An LSTM or a GRU."""
    weights, (features, units) = random_weights(rng), (int(rng.integers(1, 25)), int(rng.integers(4, 49)))
    sources = [weights.of(rng, (gates, units, length)) for length in (features, units)]
    name = f"{'gru' if gates == 3 else 'lstm'} {features} to {units}"
    return f"{name} {weights.zeros:.0%} zeros {weights.values} values", (gru if gates == 3 else lstm)(12, *sources)


KINDS: Mapping[str, Callable[[np.random.Generator], tuple[str, bytes]]] = {
    "conv_1d": lambda rng: _along(rng, pooled=False),
    "conv_1d_pool": lambda rng: _along(rng, pooled=True),
    "conv_2d": lambda rng: _image(rng, pooled=bool(rng.integers(2))),
    "dense": lambda rng: _dense(rng, layers=1),
    "denses": lambda rng: _dense(rng, layers=int(rng.integers(2, 4))),
    "cnn": _cnn,
    "lstm": lambda rng: _recurrent(rng, gates=4),
    "gru": lambda rng: _recurrent(rng, gates=3),
    "conv_2d_few": _few,
}


def _program(data: bytes, graph: Graph, goal: Goal, taken: Mapping[int, str]) -> Compiled:
    one = forms.lowered(graph, goal, taken, {})
    plan = plan_memory(one.graph, one.layers, one.graph.tensors)
    return Compiled(
        name="net", graph=one.graph, layers=tuple(one.layers), plan=plan, states=tuple(one.lowering.states),
        info=None, digest="0" * 64, model=data, operators=(), log=(),
    )  # fmt: skip


def plain_program(data: bytes, goal: Goal) -> Compiled:
    """The program with no other form than the one each layer takes by itself."""
    graph, _ = run_passes(read_model(data, "net.tflite"), goal)
    return _program(data, graph, goal, {})


def programs(data: bytes, rng: np.random.Generator) -> Iterator[Compiled]:
    """Programs that differ, of all forms of weights and all goals' other choices; some of them where there are many."""
    seen = set()
    for goal in Goal:
        graph, _ = run_passes(read_model(data, "net.tflite"), goal)
        offers = forms.lowered(graph, goal, {}, {}).lowering.offers
        found = list(itertools.product(*[(PLAIN, *offered) for offered in offers.values()]))
        if len(found) > MOST_PROGRAMS // 2:
            found = [found[int(number)] for number in rng.choice(len(found), MOST_PROGRAMS // 2, replace=False)]
        for taken in found:
            model = _program(data, graph, goal, dict(zip(offers, taken, strict=True)))
            text = ModelView(model).source()
            if text not in seen:
                seen.add(text)
                yield model
