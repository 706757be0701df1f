"""Kernels with float in them on the virtual Cortex-M4: no fused multiply-add, doubles in software, the same bits."""

from __future__ import annotations

import pytest
import test_dsp_kernels

STEMS = ("add", "batch_matmul", "cast", "dequantize", "log_softmax", "logistic", "mul", "quantize", "softmax", "sum")


@pytest.mark.emulator
@pytest.mark.parametrize("stem", STEMS)
def test_the_target_equals_this_machine(stem, tmp_path):
    test_dsp_kernels.test_dsp_equals_portable(stem, tmp_path)
