"""Parts of the application in C against their definitions in Python."""

import ctypes
import hashlib

import numpy as np
import pytest

from tinyforge.core.resources import firmware_dir
from tinyforge.core.types import Decision
from tinyforge.tasks.gesture import Decider
from tinyforge.toolchain import build_shared

COMMON = firmware_dir() / "common"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    glue = folder / "glue.c"
    glue.write_text(
        """
        #include "tfw_decide.h"
        #include "tfw_hal.h"
        static float turned[6];
        #define TFW_AXIS_X_FROM 1
        #define TFW_AXIS_X_SIGN -1.0f
        #define TFW_AXIS_Y_FROM 0
        #define TFW_AXIS_Y_SIGN +1.0f
        #define TFW_AXIS_Z_FROM 2
        #define TFW_AXIS_Z_SIGN +1.0f
        #include "tfw_axes.h"
        const float *turn(void)
        {
            for (int i = 0; i < 6; i++) { turned[i] = (float)(i + 1); }
            tfw_to_board_axes(turned);
            return turned;
        }
        static int8_t history[32 * 8];
        int decide(const int8_t *scores, int classes, int smoothing, int least)
        {
            tfw_model_t model = {.output = (int8_t *)scores, .output_bytes = (uint32_t)classes, .history = history};
            model.smoothing = (uint8_t)smoothing;
            model.least_score = (uint16_t)least;
            return tfw_decide(&model);
        }
        """
    )
    sources = [glue, COMMON / "tfw_decide.c", COMMON / "tfw_sha512.c"]
    return ctypes.CDLL(str(build_shared(sources, [COMMON], folder / "parts.so")))


@pytest.mark.parametrize("count", [0, 1, 111, 112, 113, 119, 120, 127, 128, 129, 239, 240, 1000])
def test_sha512_is_that_of_hashlib(parts, count):
    data = np.random.default_rng(count).bytes(count)
    state = (ctypes.c_uint64 * 32)()
    digest = (ctypes.c_uint8 * 64)()
    parts.tfw_sha512_begin(state)
    parts.tfw_sha512_add(state, data[: count // 3], ctypes.c_size_t(count // 3))
    parts.tfw_sha512_add(state, data[count // 3 :], ctypes.c_size_t(count - count // 3))
    parts.tfw_sha512_end(state, digest)
    assert bytes(digest) == hashlib.sha512(data).digest()


@pytest.mark.parametrize(("smoothing", "least"), [(1, 0), (1, 200), (3, 128), (32, 100)])
def test_answers_are_those_of_the_host_bit_for_bit(parts, smoothing, least):
    chance = np.random.default_rng(smoothing)
    decider = Decider(Decision(least, smoothing))
    parts.tfw_decide_reset()
    for step in range(200):
        if step == 90:
            decider.reset()
            parts.tfw_decide_reset()
        scores = chance.integers(-128, 128, 5).astype(np.int8)
        said = parts.decide(scores.ctypes.data_as(ctypes.c_void_p), 5, smoothing, least)
        wanted = decider.add(scores)
        assert said == (0xFFFF if wanted is None else wanted)


def test_axes_turn_acceleration_and_rotation_alike(parts):
    parts.turn.restype = ctypes.POINTER(ctypes.c_float)
    assert parts.turn()[:6] == [-2.0, 1.0, 3.0, -5.0, 4.0, 6.0]
