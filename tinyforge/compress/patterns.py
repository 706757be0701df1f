"""Which weights pruning may keep: any, whole blocks, or N of every M.

A pattern looks at a weight matrix as [inputs, outputs], all axes but the last flattened: an output's inputs then lie in
the order in which the kernels read them, and the weights of a block or group are neighbours in flash.

- ``unstructured``: the greatest weights, wherever they are;
- ``blockN`` (N = 2, 4, 8, 16): the N neighbours with the greatest mean magnitude, or none of them;
- ``N:M`` (as ``2:4``): the N greatest of every M neighbours; the sparsity is 1 - N / M.

Inputs whose number is no multiple of N or M end in a shorter block; a shorter group keeps its N greatest too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ConfigError

UNSTRUCTURED = "unstructured"
_BLOCK = re.compile(r"block(2|4|8|16)")
_N_OF_M = re.compile(r"([1-9]\d?):([1-9]\d?)")
_TINY = 0.0005  # two sparsities that differ by less are meant to be the same


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern.

    Attributes:
        name: as configured.
        width: neighbours that belong together; 1 for unstructured.
        keeps: of ``width`` in each group; 0 where whole groups stay or go.
    """

    name: str
    width: int = 1
    keeps: int = 0

    def sparsity(self, wanted: float) -> float:
        """Share of zeros that it leaves: the wanted one, or the pattern's own."""
        return 1.0 - self.keeps / self.width if self.keeps else wanted


def parse_pattern(text: str, sparsity: float, place: str = "compress") -> Pattern:
    """The pattern of that name.

    Args:
        text: ``unstructured``, ``block4``, ``2:4``, ...
        sparsity: that is asked for beside it.
        place: the configuration's table, for errors.

    Raises:
        ConfigError: no such pattern, or an N:M pattern of another sparsity.
    """
    if text == UNSTRUCTURED:
        return Pattern(text)
    if match := _BLOCK.fullmatch(text):
        return Pattern(text, int(match[1]))
    match = _N_OF_M.fullmatch(text)
    if match is None or not int(match[1]) < int(match[2]) <= 32:
        raise ConfigError(
            f"{place}.pattern", f'"{text}" is no pattern', "take unstructured, block2, block4, block8, block16 or 2:4"
        )
    found = Pattern(text, int(match[2]), int(match[1]))
    own = found.sparsity(sparsity)
    if abs(own - sparsity) > _TINY:
        raise ConfigError(
            f"{place}.pattern",
            f"{text} leaves {100 * own:g} % zeros, and sparsity says {100 * sparsity:g} %",
            f"write sparsity = {own:.4g}, or take block4 or unstructured",
        )
    return found


def kept(shape: tuple[int, ...], pattern: Pattern, sparsity: float) -> tuple[int, int]:
    """At least and at most how many weights of a matrix of that shape stay.

    The two differ for blocks, where the last one of an output may be a short one.
    """
    size, inputs, outputs = int(np.prod(shape)), int(np.prod(shape[:-1])), shape[-1]
    groups, rest = divmod(inputs, pattern.width)
    if pattern.keeps:
        whole = outputs * (groups * pattern.keeps + min(rest, pattern.keeps))
        return whole, whole
    if pattern.width == 1:
        whole = max(1, round(size * (1 - sparsity)))
        return whole - 1, whole + 1  # ties
    blocks = _blocks(shape, pattern, sparsity)
    short = min(blocks, outputs) * (pattern.width - rest) if rest else 0
    return blocks * pattern.width - short, min(size, blocks * pattern.width)


def fits(weights: npt.NDArray[Any], pattern: Pattern, sparsity: float) -> bool:
    """Whether the zeros of a matrix [..., out] are the pattern's, and as many as asked for."""
    low, high = kept(weights.shape, pattern, sparsity)
    there = grouped(weights != 0, pattern.width).sum(axis=1)
    if not low <= there.sum() <= high:
        return False
    if pattern.keeps:
        return int(there.max()) <= pattern.keeps
    return pattern.width == 1 or int(np.count_nonzero(there)) <= _blocks(weights.shape, pattern, sparsity)


def _blocks(shape: tuple[int, ...], pattern: Pattern, sparsity: float) -> int:
    """How many blocks of a matrix stay."""
    inputs, outputs = int(np.prod(shape[:-1])), shape[-1]
    return max(1, round(outputs * -(-inputs // pattern.width) * (1 - sparsity)))


def grouped(weights: npt.NDArray[Any], width: int) -> npt.NDArray[Any]:
    """[group, neighbour, output], the last group filled with zeros."""
    matrix = weights.reshape(-1, weights.shape[-1])
    matrix = np.pad(matrix, ((0, -len(matrix) % width), (0, 0)))
    return matrix.reshape(-1, width, matrix.shape[-1])


def mask_in_tensorflow(weights: Any, pattern: Pattern, sparsity: Any) -> Any:
    """1 where a weight stays, 0 where it goes, as a TensorFlow graph.

    Args:
        weights: a tensor.
        sparsity: a scalar tensor, the share of zeros at this step: on the way to an N:M pattern, the smallest of the
            weights that will go.
    """
    from tinyforge.architectures.session import tensorflow

    tf = tensorflow()
    outputs = weights.shape[-1]
    matrix = tf.reshape(tf.abs(weights), (-1, outputs))
    inputs, width = matrix.shape[0], pattern.width
    groups = -(-inputs // width)
    padded = tf.pad(matrix, ((0, groups * width - inputs), (0, 0)))
    cube = tf.reshape(padded, (groups, width, outputs))
    if pattern.keeps:
        ranks = tf.argsort(tf.argsort(cube, axis=1, direction="DESCENDING", stable=True), axis=1, stable=True)
        score = tf.where(ranks < pattern.keeps, cube + tf.reduce_max(cube) + 1.0, cube)
        score = tf.reshape(score, (-1, outputs))[:inputs]
        score = tf.reshape(score, (-1,))
    else:
        short = np.full((groups, 1), width, np.float32)
        short[-1] = inputs - (groups - 1) * width
        score = tf.reshape(tf.reduce_sum(cube, axis=1) / short, (-1,))
    count = tf.cast(tf.maximum(tf.round(tf.cast(tf.size(score), tf.float32) * (1 - sparsity)), 1), tf.int32)
    if pattern.keeps:
        whole, _ = kept(tuple(weights.shape), pattern, 0.0)
        count = tf.where(sparsity >= pattern.sparsity(0.0) - _TINY, whole, tf.maximum(count, whole))
    order = tf.argsort(score, direction="DESCENDING", stable=True)
    stays = tf.cast(tf.argsort(order, stable=True) < count, weights.dtype)
    if not pattern.keeps:
        stays = tf.repeat(tf.reshape(stays, (groups, 1, outputs)), width, axis=1)
        stays = tf.reshape(stays, (-1, outputs))[:inputs]
    return tf.reshape(stays, weights.shape)
