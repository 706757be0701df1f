"""Small rewrites of the graph, each a named function that says what it did.

A pass takes a ``Graph`` and returns the new one with one line of text for each thing it changed; the lines are what
``tinyforge export --explain`` prints. Passes run in the order of ``PASSES``.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyforge.compiler.goal import Goal
from tinyforge.compiler.passes.conv_1d import find_conv_1d
from tinyforge.compiler.passes.dead_ops import drop_dead_ops
from tinyforge.compiler.passes.drop_outer_taps import drop_outer_taps
from tinyforge.compiler.passes.drop_reshapes import drop_reshapes
from tinyforge.compiler.passes.fold_constants import fold_constants
from tinyforge.compiler.passes.fold_padding import fold_padding
from tinyforge.compiler.passes.keep_last_step import keep_last_step
from tinyforge.compiler.passes.own_outputs import own_outputs
from tinyforge.compiler.passes.resolve_variables import resolve_variables
from tinyforge.compiler.passes.split_channels import split_channels
from tinyforge.compiler.passes.spread_transpose_conv import spread_transpose_conv
from tinyforge.compiler.passes.tabulate import tabulate
from tinyforge.core.graph import Graph

Pass = Callable[[Graph], tuple[Graph, list[str]]]

PASSES: tuple[Pass, ...] = (
    fold_constants,
    tabulate,
    drop_reshapes,
    fold_padding,
    resolve_variables,
    drop_dead_ops,
    own_outputs,
    keep_last_step,
    split_channels,
    drop_outer_taps,
    find_conv_1d,
)


def run_passes(graph: Graph, goal: Goal) -> tuple[Graph, tuple[str, ...]]:
    """Run all passes, the one that depends on the goal first.

    Args:
        graph: as read.
        goal: what a faster form of an operator may cost.

    Returns:
        The rewritten graph and the lines, each beginning with the pass's name.
    """
    graph, spread = spread_transpose_conv(graph, goal)
    log = [f"{spread_transpose_conv.__name__}: {line}" for line in spread]
    for step in PASSES:
        graph, lines = step(graph)
        log.extend(f"{step.__name__}: {line}" for line in lines)
    return graph, tuple(log)
