"""TABLE: one or two float32 functions between DEQUANTIZE and QUANTIZE, as the converter leaves what has no int8 form.

Models that are refused because C libraries may differ in a value are passed over; ``test_tabulate.py`` has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick
from tflite_writer import Writer
from unarycase import quantizations, shaped

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

UNLISTED = {"CEIL", "ELU", "ROUND"}  # that have no reference kernel
KINDS = ("ABS", "CEIL", "COS", "ELU", "FLOOR", "NEG", "RELU", "RELU6", "ROUND", "SIGN", "SIN", "SQUARE")


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, (one, two) in enumerate(quantizations(rng, low=2e-2, high=2.0), 1):
        values = shaped(rng, unsigned=True)
        kinds = [pick(rng, *KINDS) for _ in range(pick(rng, 1, 1, 2))]
        (in_scale, in_zero), (out_scale, out_zero) = one, two
        more = 128 if values.dtype == np.uint8 else 0
        model = Writer()
        x = model.tensor("x", values.shape, str(values.dtype), scale=in_scale, zero_point=in_zero + more)
        last = model.tensor("real", values.shape, "float32")
        model.op("DEQUANTIZE", [x], [last])
        for kind in kinds:
            result = model.tensor(kind, values.shape, "float32")
            model.op(kind, [last], [result])
            last = result
        y = model.tensor("y", values.shape, str(values.dtype), scale=out_scale, zero_point=out_zero + more)
        model.op("QUANTIZE", [last], [y])
        name = f"{number}: {one} {kinds} {two} {values.dtype}"
        data = model.build([x], [y])
        if _is_certain(data):
            yield Case(name, data, given=[[values]], unlisted=bool(UNLISTED & set(kinds)))


def _is_certain(data: bytes) -> bool:
    try:
        compile_model(data, name="table", place="table")
    except UnsupportedModelError:
        return False
    return True
