"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR of pictures to a constant size."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import movable
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import images
from tinyforge.core.graph import Array, DType

_LARGEST = 1 << 15


def _sizes(view: OpView) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width of input and output.

    Raises:
        UnsupportedModelError: a computed size, or shapes that do not follow from it.
    """
    view.counts((2,))
    input_, output, size = view.activation(0), view.output(), view.integers(1)
    movable(view, input_, output)
    view.require(len(input_.shape) == 4, f"has shape {list(input_.shape)}", "give pictures", input_)
    batches, height, width, channels = input_.shape
    view.require(len(size) == 2, f"names {len(size)} sizes", "convert the model again")
    view.shape_is(output, (batches, *size, channels))
    view.require(
        max(*input_.shape[1:3], *size) < _LARGEST, f"has shape {list(input_.shape)}", "use smaller pictures", input_
    )
    return (height, width), (size[0], size[1])


def nearest(size: int, out: int, *, align_corners: bool, half_pixel_centers: bool) -> Array:
    """The input's place for each place of the output, uint16 [out]; float32 as ``GetNearestNeighbor``."""
    one = np.float32
    scale = one(size - 1) / one(out - 1) if align_corners and out > 1 else one(size) / one(out)
    at = (np.arange(out).astype(one) + one(0.5 if half_pixel_centers else 0.0)) * scale
    places = np.floor(at)
    if align_corners:
        places = places + (at - places >= one(0.5))
    return np.asarray(np.clip(places.astype(np.int64), 0, size - 1), np.uint16)


@operator(
    "RESIZE_NEAREST_NEIGHBOR",
    align_corners=Option(0, "bool", default=False),
    half_pixel_centers=Option(1, "bool", default=False),
)
def resize_nearest_neighbor(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_resize_nearest_neighbor``."""
    sizes, outs = _sizes(view)
    input_, output = view.input(0), view.output()
    flags = {name: bool(view.option(name)) for name in ("align_corners", "half_pixel_centers")}
    rows, columns = (nearest(size, out, **flags) for size, out in zip(sizes, outs, strict=True))
    run = input_.shape[3] * input_.dtype.bytes
    low.layer(
        "resize_nearest_neighbor",
        "tfg_resize_nearest_neighbor",
        {
            "rows": rows,
            "columns": columns,
            "batches": input_.shape[0],
            "in_h": sizes[0],
            "in_w": sizes[1],
            "out_h": outs[0],
            "out_w": outs[1],
            "run": run,
        },
        inputs=(input_,),
        outputs=(output,),
        overlaps=images(input_.shape[0], (*sizes, run), (*outs, run), rows, columns, run),
    )


def bilinear_steps(size: int, out: int, *, align_corners: bool, half_pixel_centers: bool) -> tuple[int, int]:
    """Step and start in 1/1024 of an input pixel, as ``ResizeBilinearInteger``."""
    if align_corners and out > 1:
        step = (1024 * (size - 1) + (out - 1) // 2) // (out - 1)
    else:
        step = (1024 * size + out // 2) // out
    return step, step // 2 - 512 if half_pixel_centers else 0


@operator(
    "RESIZE_BILINEAR",
    align_corners=Option(2, "bool", default=False),
    half_pixel_centers=Option(3, "bool", default=False),
)
def resize_bilinear(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_resize_bilinear_s8``."""
    sizes, outs = _sizes(view)
    input_, output = view.input(0), view.output()
    view.is_dtype(input_, DType.INT8)
    flags = {name: bool(view.option(name)) for name in ("align_corners", "half_pixel_centers")}
    view.require(not all(flags.values()), "aligns corners and half pixels at once", "choose one of them")
    (step_y, start_y), (step_x, start_x) = (
        bilinear_steps(size, out, **flags) for size, out in zip(sizes, outs, strict=True)
    )
    for size, out, step, start in zip(sizes, outs, (step_y, step_x), (start_y, start_x), strict=True):
        view.require(
            (start + (out - 1) * step) // 1024 < size,
            f"enlarges {size} to {out}, for which the reference reads beyond its input",
            "resize in two steps",
            output,
        )
    low.layer(
        "resize_bilinear",
        "tfg_resize_bilinear_s8",
        {
            "batches": input_.shape[0],
            "in_h": sizes[0],
            "in_w": sizes[1],
            "out_h": outs[0],
            "out_w": outs[1],
            "channels": input_.shape[3],
            "step_y": step_y,
            "start_y": start_y,
            "step_x": step_x,
            "start_x": start_x,
        },
        inputs=(input_,),
        outputs=(output,),
        overlaps=images(
            input_.shape[0],
            (*sizes, input_.shape[3]),
            (*outs, input_.shape[3]),
            np.maximum(start_y + np.arange(outs[0]) * step_y, 0) // 1024,
            np.maximum(start_x + np.arange(outs[1]) * step_x, 0) // 1024,
            0,
        ),
    )
