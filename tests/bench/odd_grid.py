"""What a MAC costs at odd channel counts, on a wide grid of single layers: the cases that cost more than is asked.

    python tests/bench/odd_grid.py [FAMILY ...] [--limit 1.6] [--least 2000] [--optimize speed] [--all]

A ratio is instructions a MAC over those at the next multiple of four, as in ``test_bench_shapes.py``, which prints a
narrower grid. A family is a part of the grid (``FAMILIES``); all of them take about an hour.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from onelayer import CONV, DEPTHWISE, GRU, LSTM, TRANSPOSED, Kind, per_mac
from unweighted import OPERATORS

ODD = (1, 3, 5, 7, 31, 33, 63)
FEW = (1, 2, 3, 5, 7)


class Case(NamedTuple):
    """One layer beside another.

    Attributes:
        name: what is the same for both.
        kind, size: as ``per_mac`` takes them.
        odd, even: channels in and out.
        groups: of a grouped convolution, of both.
    """

    name: str
    kind: Kind
    size: int | tuple[int, int]
    odd: tuple[int, int]
    even: tuple[int, int]
    groups: tuple[int, int] = (1, 1)


def up(channels: int) -> int:
    """The next multiple of four."""
    return -(-channels // 4) * 4


def sides(name: str, kind: Kind, size: int | tuple[int, int], counts: tuple[int, ...], other: int) -> Iterator[Case]:
    """The same count on both sides, and on each side of ``other``; a depthwise layer has one side."""
    for count in counts:
        if kind.operator == DEPTHWISE:
            yield Case(name, kind, size, (count, count), (up(count), up(count)))
        else:
            yield Case(name, kind, size, (count, count), (up(count), up(count)))
            yield Case(name, kind, size, (count, other), (up(count), other))
            yield Case(name, kind, size, (other, count), (other, up(count)))


def titled(kind: Kind, size: int | tuple[int, int]) -> str:
    """A layer's sizes in words."""
    words = ["depthwise"] if kind.operator == DEPTHWISE else []
    words += ["x".join(str(tap) for tap in kind.kernel)]
    words += [f"s{kind.stride}"] if kind.stride > 1 else []
    words += [f"d{kind.dilation}"] if kind.dilation > 1 else []
    words += [f"x{kind.copies}"] if kind.copies > 1 else []
    return " ".join([*words, "same" if kind.padded else "valid", f"on {size}"])


def rows() -> Iterator[Case]:
    """One dimension, as Conv1D has it."""
    for kernel in (1, 2, 3, 5, 7):
        for stride in (1, 2, 3):
            for padded in (True, False):
                kind = Kind(CONV, (1, kernel), stride=stride, padded=padded)
                yield from sides(titled(kind, (1, 100)), kind, (1, 100), FEW, 16)
                if stride == 1:
                    yield from sides(titled(kind, (1, 20)), kind, (1, 20), FEW if kernel % 2 == 0 else ODD, 16)


def dilated_rows() -> Iterator[Case]:
    for kernel, dilation in ((2, 2), (3, 2), (3, 4), (5, 4), (3, 8)):
        for padded in (True, False):
            kind = Kind(CONV, (1, kernel), dilation, padded=padded)
            yield from sides(titled(kind, (1, 100)), kind, (1, 100), FEW, 16)


def images() -> Iterator[Case]:
    """Two dimensions, few channels: the kernels of their own."""
    for kernel in ((1, 1), (2, 2), (3, 3), (5, 5), (7, 7), (3, 5)):
        for stride in (1, 2, 3):
            for padded in (True, False):
                kind = Kind(CONV, kernel, stride=stride, padded=padded)
                size = 12 if stride == 1 else 20
                yield from sides(titled(kind, size), kind, size, FEW, 16)


def many() -> Iterator[Case]:
    """Two dimensions, many channels."""
    for kernel in ((1, 1), (2, 2), (3, 3)):
        for stride in (1, 2):
            for padded in (True, False):
                kind = Kind(CONV, kernel, stride=stride, padded=padded)
                yield from sides(titled(kind, 8), kind, 8, (31, 33, 63), 16)


def digits() -> Iterator[Case]:
    """An image of 28x28."""
    for kernel in ((3, 3), (5, 5)):
        for stride in (1, 2):
            for padded in (True, False):
                kind = Kind(CONV, kernel, stride=stride, padded=padded)
                yield from sides(titled(kind, 28), kind, 28, (1, 2, 3), 8)


def dilated_images() -> Iterator[Case]:
    for kernel, dilation in (((3, 3), 2), ((3, 3), 3), ((5, 5), 2), ((2, 2), 2)):
        for padded in (True, False):
            kind = Kind(CONV, kernel, dilation, padded=padded)
            yield from sides(titled(kind, 16), kind, 16, FEW, 16)


def lines() -> Iterator[Case]:
    """Images of one row or one column."""
    for size in ((40, 1), (1, 40)):
        for kernel in ((3, 1), (1, 3), (3, 3), (5, 1)):
            for stride in (1, 2):
                kind = Kind(CONV, kernel, stride=stride)
                yield from sides(titled(kind, size), kind, size, FEW, 16)
            yield from sides(titled(Kind(DEPTHWISE, kernel), size), Kind(DEPTHWISE, kernel), size, FEW, 16)


def depthwise() -> Iterator[Case]:
    for kernel in ((2, 2), (3, 3), (5, 5), (7, 7)):
        for stride, dilation in ((1, 1), (2, 1), (3, 1), (1, 2)):
            for padded in (True, False):
                kind = Kind(DEPTHWISE, kernel, dilation, stride, padded=padded)
                yield from sides(titled(kind, 16), kind, 16, ODD if padded and kernel[0] < 7 else FEW, 16)


def depthwise_rows() -> Iterator[Case]:
    for kernel in (2, 3, 5, 9):
        for stride, dilation in ((1, 1), (2, 1), (3, 1), (1, 2), (1, 4)):
            for padded in (True, False):
                kind = Kind(DEPTHWISE, (1, kernel), dilation, stride, padded=padded)
                yield from sides(titled(kind, (1, 60)), kind, (1, 60), ODD if padded else FEW, 16)


def both() -> Iterator[Case]:
    """Depthwise with stride and dilation."""
    for kernel, stride, dilation in (((3, 3), 2, 2), ((3, 3), 2, 3), ((1, 3), 2, 2), ((1, 5), 3, 2)):
        kind = Kind(DEPTHWISE, kernel, dilation, stride)
        size = (1, 60) if kernel[0] == 1 else 16
        yield from sides(titled(kind, size), kind, size, ODD, 16)


def grouped() -> Iterator[Case]:
    for kernel in ((1, 1), (3, 3), (1, 3)):
        size = (1, 40) if kernel == (1, 3) else 10
        for in_ch, out_ch, groups, even_in, even_out, even_groups in (
            (3, 3, 3, 4, 4, 4), (3, 6, 3, 4, 8, 4), (6, 6, 2, 8, 8, 2), (6, 6, 3, 8, 8, 4), (10, 10, 2, 16, 16, 2),
            (14, 14, 2, 16, 16, 2), (33, 33, 3, 36, 36, 3), (62, 62, 2, 64, 64, 2), (33, 33, 11, 36, 36, 9),
        ):  # fmt: skip
            kind = Kind(CONV, kernel, groups=groups)
            yield Case(
                f"groups {titled(kind, size)}", kind, size, (in_ch, out_ch), (even_in, even_out), (groups, even_groups)
            )


def dense() -> Iterator[Case]:
    kind = Kind("FULLY_CONNECTED")
    for other in (10, 32, 100):
        yield from sides(f"dense, other {other}", kind, 1, ODD, other)


def wide_dense() -> Iterator[Case]:
    """Odd on both sides, not alike, one input at a time and eight."""
    kind = Kind("FULLY_CONNECTED")
    pairs = [
        (33, 31),
        (31, 33),
        (63, 10),
        (250, 7),
        (10, 63),
        (7, 250),
        (63, 63),
        (127, 3),
        (3, 127),
        (65, 65),
        (301, 5),
    ]
    for size in (1, 8):
        for odd in pairs:
            yield Case("dense" if size == 1 else f"dense of {size}", kind, size, odd, (up(odd[0]), up(odd[1])))
        for count in ODD:
            for out in ODD:
                name = "dense" if size == 1 else f"dense of {size}"
                yield Case(name, kind, size, (count, out), (up(count), up(out)))


def alike_rows() -> Iterator[Case]:
    """One dimension, the same count on both sides."""
    for kernel in (3, 5):
        for stride in (1, 2):
            for padded in (True, False):
                kind = Kind(CONV, (1, kernel), stride=stride, padded=padded)
                for count in ODD:
                    yield Case(titled(kind, (1, 100)), kind, (1, 100), (count, count), (up(count), up(count)))


def alike_images() -> Iterator[Case]:
    """Two dimensions, the same count on both sides."""
    for kernel in ((3, 3), (5, 5)):
        for size in (8, 12):
            for padded in (True, False):
                kind = Kind(CONV, kernel, padded=padded)
                for count in ODD:
                    yield Case(titled(kind, size), kind, size, (count, count), (up(count), up(count)))


def large() -> Iterator[Case]:
    """Images of some size and few channels."""
    for size in (24, 32):
        for kernel in ((1, 1), (3, 3), (5, 5)):
            for stride in (1, 2):
                kind = Kind(CONV, kernel, stride=stride, padded=size == 24)
                yield from sides(titled(kind, size), kind, size, (1, 2, 3, 5, 7), 8)
                for pair in ((1, 4), (3, 5), (5, 3), (3, 10), (1, 10), (1, 3), (3, 1), (1, 5), (5, 1)):
                    yield Case(titled(kind, size), kind, size, pair, (up(pair[0]), up(pair[1])))


def mixed() -> Iterator[Case]:
    """All counts on one side, 8, 16 and 64 on the other."""
    for kernel, size in (((1, 3), (1, 40)), ((1, 5), (1, 40)), ((1, 1), 10), ((3, 3), 10)):
        kind = Kind(CONV, kernel)
        for other in (8, 16, 64):
            yield from sides(titled(kind, size), kind, size, ODD, other)


def transposed() -> Iterator[Case]:
    for kernel, size in (((1, 3), (1, 40)), ((2, 2), 8), ((3, 3), 8)):
        for stride in (1, 2):
            kind = Kind(TRANSPOSED, kernel, stride=stride)
            yield from sides(f"transposed {titled(kind, size)}", kind, size, ODD, 8)


def pooled() -> Iterator[Case]:
    """A convolution and a max pooling, which may be one call."""
    for kernel, size in (((1, 3), (1, 100)), ((1, 5), (1, 100)), ((3, 3), 12), ((5, 5), 28), ((3, 3), 24)):
        kind = Kind(CONV, kernel, pool=2)
        counts = ODD if size in {12, (1, 100)} else FEW
        yield from sides(f"pooled {titled(kind, size)}", kind, size, counts, 16)


def values() -> Iterator[Case]:
    """Operators without weights; by value, of a product of matrices by MAC."""
    for operator in OPERATORS:
        for size in ((1, 100), (12, 12)):
            kind = Kind(operator)
            for count in ODD:
                yield Case(f"{operator} {size}", kind, size, (count, count), (up(count), up(count)))


def recurrent() -> Iterator[Case]:
    for operator in (LSTM, GRU):
        for steps in (20,):
            for features in (1, 3, 6, 9):
                for units in ODD:
                    kind = Kind(operator)
                    yield Case(
                        f"{operator[-4:]} units, {features} features",
                        kind,
                        steps,
                        (features, units),
                        (features, up(units)),
                    )
            for features in ODD:
                for units in (8, 16, 32):
                    yield Case(
                        f"{operator[-4:]} features, {units} units",
                        Kind(operator),
                        steps,
                        (features, units),
                        (up(features), units),
                    )


FAMILIES = {
    part.__name__: part
    for part in (
        rows, dilated_rows, images, many, digits, dilated_images, lines, depthwise, depthwise_rows, both, grouped,
        dense, wide_dense, alike_rows, alike_images, large, mixed, transposed, pooled, values, recurrent,
    )
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--limit", type=float, default=1.6)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--match", default="")
    parser.add_argument("--least", type=int, default=0, help="MAC of a case's layer")
    parser.add_argument("--optimize", default="balanced")
    options = parser.parse_args()
    costs: dict[tuple[object, ...], tuple[int, float]] = {}
    for family in options.families:
        found, count = 0, 0
        with tempfile.TemporaryDirectory() as folder:
            for case in FAMILIES[family]():
                if options.match not in case.name:
                    continue
                pair = []
                for channels, groups in zip((case.odd, case.even), case.groups, strict=True):
                    kind = case.kind._replace(groups=groups)
                    key = (kind, case.size, channels)
                    if key not in costs:
                        costs[key] = per_mac(kind, case.size, *channels, Path(folder), options.optimize)
                    pair.append(costs[key])
                ratio = pair[0][1] / pair[1][1]
                if pair[0][0] < options.least:
                    continue
                count += 1
                found += ratio > options.limit
                if options.all or round(ratio, 2) > options.limit:
                    print(
                        f"{ratio:5.2f}  {case.name:32} {case.odd[0]:>3} -> {case.odd[1]:<3} {pair[0][0]:>8} MAC "
                        f"{pair[0][1]:6.2f} beside {pair[1][1]:.2f}",
                        flush=True,
                    )
        print(f"{family}: {found} of {count} above {options.limit}", flush=True)


if __name__ == "__main__":
    main()
