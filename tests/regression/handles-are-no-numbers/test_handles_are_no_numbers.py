"""Where a model with variables differed, `verify` read a handle as numbers and ended the process."""

import numpy as np
from opbench import case_files

from tinyforge.evaluate import litert


def test_a_handle_is_not_read():
    case = next(case_files()["variables"](np.random.default_rng(1)))
    order = litert.op_outputs(case.data)
    handles = {output.tensor for output in order if output.op_name == "VAR_HANDLE"}
    window = np.zeros(litert.ports(case.data, any_type=True).input_bytes, np.int8)
    found = litert.run_all_tensors(case.data, window)
    assert handles
    assert not handles & set(found)
    assert all(array.dtype.kind in "iufb" for array in found.values())
