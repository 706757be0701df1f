"""CONV_1D: what ``passes/conv_1d.py`` makes of a CONV_2D whose windows are contiguous; no TFLite operator."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.convolution import conv_weights, output_limits, packed
from tinyforge.compiler.few_channels import lower_few_channels
from tinyforge.compiler.geometry import CONV_1D_SIZES, row_geometry
from tinyforge.compiler.layout import GROUP, paired
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.ops.conv_2d import PLACES
from tinyforge.compiler.overlap import whole_windows
from tinyforge.compiler.packing import can_be_smaller, pack, worth_packing
from tinyforge.core.graph import Array, DType, Param

PLAIN_PER_MAC = 1.0  # instructions of tfg_conv_1d_s8 on the virtual Cortex-M4


@operator("CONV_1D")
def conv_1d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_conv_1d_s8``: a window is ``kernel * in_ch`` bytes in a row; or to a kernel for few channels."""
    rows = view.constant(1, DType.INT8).reshape(view.option("out_ch"), -1)
    groups = -(-rows.shape[1] // GROUP)
    sizes: dict[str, Param] = {name: view.option(name) for name in CONV_1D_SIZES}
    macs = view.option("batches") * view.option("out_len") * int(np.prod(view.input(1).shape))
    if lower_packed(view, low, rows, sizes, macs) or lower_few_channels(view, low, "conv_1d", row_geometry(view), rows):
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
        overlaps=whole_windows(row_geometry(view)),
    )


def lower_packed(view: OpView, low: Lowering, rows: Array, sizes: dict[str, Param], macs: int) -> bool:
    """Lower to ``tfg_conv_1d_packed_s8`` where the weights can be packed and the goal wants it; whether it was done.

    ``rows`` are the weights, int8 [output channel, tap and input channel].
    """
    passes = view.option("batches") * -(-int(view.option("out_len")) // PLACES)
    if not can_be_smaller(rows) or not worth_packing(
        pack(rows),
        plain_bytes=rows.size,
        plain_instructions=int(PLAIN_PER_MAC * macs),
        passes=passes,
        places=PLACES,
        goal=low.goal,
        there=low.has_kernel("tfg_conv_1d_packed_s8"),
    ):
        return False
    params = conv_weights(view, rows, lambda found: found)
    final = params.pop("filter")
    packed = pack(np.asarray(final))
    low.layer(
        "conv_1d",
        "tfg_conv_1d_packed_s8",
        {**packed.params(), **params, **sizes, **output_limits(view)},
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=PLACES * rows.shape[1] * 2,
        macs=macs,
        overlaps=whole_windows(row_geometry(view)),
    )
    return True
