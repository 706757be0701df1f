"""Sizes of convolutions and pools, checked once for passes and lowerings alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.quantized import padding_before, places
from tinyforge.core.graph import Tensor

#: Option that ``passes/fold_padding.py`` gives a convolution: rows and columns of zeros above, below, left and right.
AROUND = "around"
_BOTH = ("in", "out", "kernel", "stride", "dilation", "pad")


@dataclass(frozen=True, slots=True)
class Geometry:
    """A window that slides over two dimensions; all sizes in elements.

    Attributes:
        batches: images.
        in_h, in_w, in_ch: input.
        out_h, out_w, out_ch: output.
        kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w: the window.
        pad_h, pad_w: padding above and to the left.
    """

    batches: int
    in_h: int
    in_w: int
    in_ch: int
    out_h: int
    out_w: int
    out_ch: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_h: int
    pad_w: int

    def turned(self) -> Geometry:
        """Height and width exchanged."""
        return replace(
            self,
            **{
                **{f"{name}_h": getattr(self, f"{name}_w") for name in _BOTH},
                **{f"{name}_w": getattr(self, f"{name}_h") for name in _BOTH},
            },
        )

    @property
    def padded_w(self) -> bool:
        """Whether any window reaches beyond the left or right edge."""
        return self.pad_w > 0 or (self.out_w - 1) * self.stride_w + (self.kernel_w - 1) * self.dilation_w >= self.in_w


def taps_inside(geo: Geometry) -> bool:
    """Whether a tap of each window, at least, lies inside the input: dilated ones may all lie around it."""
    return all(
        any(0 <= place * stride - pad + tap * dilation < size for tap in range(kernel))
        for places, stride, pad, kernel, dilation, size in (
            (geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.dilation_h, geo.in_h),
            (geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.dilation_w, geo.in_w),
        )
        for place in range(places)
    )


def window_geometry(view: OpView, input_: Tensor, output: Tensor, kernel: tuple[int, int]) -> Geometry:
    """Geometry of an operator with options ``padding``, ``stride_*`` and, where it has them, ``dilation_*_factor``.

    With the option ``AROUND`` padding is VALID, and the input has those zeros around it besides.

    Args:
        view: the operator.
        input_, output: [batch, height, width, channel].
        kernel: height and width.

    Raises:
        UnsupportedModelError: a tensor of another rank, or sizes that do not follow from each other.
    """
    for tensor in (input_, output):
        view.require(
            len(tensor.shape) == 4 and tensor.elements > 0,
            f"has shape {list(tensor.shape)}, not [batch, height, width, channel]",
            "convert the model again",
            tensor,
        )
    batches, in_h, in_w, in_ch = input_.shape
    out_batches, out_h, out_w, out_ch = output.shape
    options = view.op.options
    dilation_h, dilation_w = int(options.get("dilation_h_factor", 1)), int(options.get("dilation_w_factor", 1))
    stride_h, stride_w, padding = int(options["stride_h"]), int(options["stride_w"]), int(options["padding"])
    top, bottom, left, right = options.get(AROUND, (0, 0, 0, 0))
    padded_h, padded_w = in_h + top + bottom, in_w + left + right
    if min(stride_h, stride_w) > 0:
        high = places(padding, padded_h, (kernel[0] - 1) * dilation_h + 1, stride_h)
        wide = places(padding, padded_w, (kernel[1] - 1) * dilation_w + 1, stride_w)
        view.closes(output, (batches, high, wide, out_ch))
    view.require(
        batches == out_batches, f"has {batches} images in and {out_batches} out", "convert the model again", output
    )
    return Geometry(
        batches,
        in_h,
        in_w,
        in_ch,
        out_h,
        out_w,
        out_ch,
        *kernel,
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        pad_h=top + padding_before(view, padding, padded_h, kernel[0], stride_h, dilation_h, out_h),
        pad_w=left + padding_before(view, padding, padded_w, kernel[1], stride_w, dilation_w, out_w),
    )


CONV_1D_SIZES = ("batches", "in_len", "in_ch", "out_len", "out_ch", "kernel", "stride", "pad")


def row_geometry(view: OpView) -> Geometry:
    """A CONV_1D as windows over an image of height 1."""
    size = {name: int(view.option(name)) for name in CONV_1D_SIZES}
    return Geometry(
        size["batches"], 1, size["in_len"], size["in_ch"], 1, size["out_len"], size["out_ch"],
        kernel_h=1, kernel_w=size["kernel"], stride_h=1, stride_w=size["stride"],
        dilation_h=1, dilation_w=1, pad_h=0, pad_w=size["pad"],
    )  # fmt: skip


def geometry_of(view: OpView) -> Geometry | None:
    """Of a CONV_1D, or of a CONV_2D that is not grouped; None of any other.

    Raises:
        UnsupportedModelError: as :func:`window_geometry`.
    """
    if view.op.kind == "CONV_1D":
        return row_geometry(view)
    filter_ = view.input(1).shape
    if view.op.kind != "CONV_2D" or len(filter_) != 4 or filter_[3] != view.input(0).shape[3]:
        return None
    return window_geometry(view, view.input(0), view.output(), (filter_[1], filter_[2]))
