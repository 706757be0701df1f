"""CONV_1D: what ``passes/conv_1d.py`` makes of a CONV_2D whose windows are contiguous; no TFLite operator."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.convolution import PLACES, conv_weights, output_limits, packed
from tinyforge.compiler.few_channels import lower_few_channels
from tinyforge.compiler.geometry import CONV_1D_SIZES, row_geometry
from tinyforge.compiler.layout import GROUP, paired
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.overlap import whole_windows
from tinyforge.compiler.packing import MOST_INPUTS, NIBBLES, PACKED, PAIRS, PLAIN, can_be_smaller, nibbles, pack
from tinyforge.core.graph import Array, DType, Param


@operator("CONV_1D")
def conv_1d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_conv_1d_s8``: a window is ``kernel * in_ch`` bytes in a row; or to a kernel for few channels."""
    rows = view.constant(1, DType.INT8).reshape(view.option("out_ch"), -1)
    groups = -(-rows.shape[1] // GROUP)
    sizes: dict[str, Param] = {name: view.option(name) for name in CONV_1D_SIZES}
    macs = view.option("batches") * view.option("out_len") * int(np.prod(view.input(1).shape))
    if can_be_smaller(rows) and lower_packed(view, low, rows, sizes, macs):
        return
    geometry = row_geometry(view)
    if lower_few_channels(view, low, "conv_1d", geometry, rows):
        return
    low.layer(
        "conv_1d",
        "tfg_conv_1d_s8",
        {
            **packed(conv_weights(view, rows, paired)),
            **sizes,
            "groups": groups,
            **output_limits(view),
        },
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=PLACES * groups * GROUP * 2,
        macs=macs,
        overlaps=whole_windows(geometry),
    )


def lower_packed(view: OpView, low: Lowering, rows: Array, sizes: dict[str, Param], macs: int) -> bool:
    """Lower to ``tfg_conv_1d_packed_s8`` or ``tfg_conv_1d_indexed_s8``, if the weights are to take such a form.

    Args:
        view: the operator.
        low: takes the call.
        rows: int8 [output channel, tap and input channel], its weights.
        sizes: members of the plain kernel's structure.
        macs: of an inference.

    Returns:
        Whether it was done: a channel whose rescaling is rare has other kernels, and so have very long windows.
    """
    params = conv_weights(view, rows, lambda found: found)
    if int(np.asarray(params["shift"]).min()) < 0 or rows.shape[1] > MOST_INPUTS:
        return False
    final = np.asarray(params.pop("filter"))
    words = packed({**params, "filter": None})
    few = nibbles(final) is not None and words["rare"] is None
    form = low.form(view, *((PACKED, NIBBLES, PAIRS) if few else (PACKED,)))
    if form == PLAIN:
        return False
    counts = {**sizes, "places": sizes["out_len"], "pool": 1}
    del counts["out_len"]
    groups = -(-rows.shape[1] // GROUP)
    if form != PACKED and (found := nibbles(final, together=form == PAIRS)) is not None:
        kernel, taps = "tfg_conv_1d_indexed_s8", groups * GROUP
        weights: dict[str, Param] = {**found, "bias": words["bias"], "multiplier": words["multiplier"]}
        counts["groups"] = groups
    else:
        kernel, taps = "tfg_conv_1d_packed_s8", rows.shape[1]
        weights = {**low.once(view, lambda: pack(final)).params(), **params}
    low.layer(
        "conv_1d",
        kernel,
        {**weights, **counts, **output_limits(view)},
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=PLACES * taps * 2,
        macs=macs,
        overlaps=whole_windows(row_geometry(view)),
    )
    return True
