"""Packed weights: what is unpacked is what was packed."""

import numpy as np
import pytest

from tinyforge.compiler.packing import CODED, INDEXED, SPARSE, can_be_smaller, pack


def unpacked(packed, inputs):
    """The matrix, read as ``csrc/src/tfg_packed.h`` reads it."""
    stream = iter(packed.rows.tolist())
    matrix = np.zeros((len(packed.entries), inputs), np.int64)
    for row, entries in zip(matrix, packed.entries.tolist(), strict=True):
        at = 0
        if packed.form == INDEXED:
            for pair in range(0, entries, 2):
                byte = next(stream)
                row[pair] = packed.book[byte & 15]
                if pair + 1 < entries:
                    row[pair + 1] = packed.book[byte >> 4]
        elif packed.form == CODED:
            for _ in range(entries):
                byte = next(stream)
                at += byte >> 4
                row[at] += packed.book[byte & 15]
        else:
            for _ in range(entries):
                distances, *values = next(stream), next(stream), next(stream)
                for distance, value in zip((distances >> 4, distances & 15), values, strict=True):
                    at += distance
                    row[at] += value - 256 if value > 127 else value
    return matrix


def weights(form, density, shape=(24, 77)):
    rng = np.random.default_rng(4)
    values = rng.integers(-127, 128, shape) if form == SPARSE else rng.choice([-90, -3, 5, 40, 127], shape)
    return (values * (rng.random(shape) < density)).astype(np.int8)


@pytest.mark.parametrize(("form", "density"), [(SPARSE, 0.2), (SPARSE, 0.02), (CODED, 0.2), (INDEXED, 0.97)])
def test_the_smallest_form_holds_the_same_numbers(form, density):
    matrix = weights(form, density)
    packed = pack(matrix)
    assert packed.form == form
    assert np.array_equal(unpacked(packed, matrix.shape[1]), matrix)
    assert packed.flash_bytes < 0.6 * matrix.size


def test_rows_without_weights_and_weights_at_both_ends():
    matrix = np.zeros((3, 200), np.int8)
    matrix[1, 0], matrix[1, 199] = 7, -7
    assert np.array_equal(unpacked(pack(matrix), 200), matrix)
    nothing = np.zeros((3, 20), np.int8)
    assert np.array_equal(unpacked(pack(nothing), 20), nothing)
    assert pack(nothing).rows.size  # C has no array of length 0


def test_a_codebook_of_sixteen_leaves_no_room_for_a_zero():
    matrix = np.arange(1, 17, dtype=np.int8).repeat(20).reshape(4, 80)
    packed = pack(matrix)
    assert packed.form == INDEXED
    assert np.array_equal(unpacked(packed, 80), matrix)


def test_what_no_form_makes_smaller_is_told_by_counting():
    rng = np.random.default_rng(4)
    for density in (0.05, 0.3, 0.5, 0.6, 0.66, 0.68, 0.8, 1.0):
        for values in (3, 15, 16, 17, 200):
            weights = (rng.integers(0, values, (9, 130)) - values // 2).astype(np.int8)
            weights[rng.random(weights.shape) >= density] = 0
            packed = pack(weights)
            assert can_be_smaller(weights) or packed.flash_bytes >= weights.size, (density, values)
    assert not can_be_smaller(np.arange(1, 121, dtype=np.int8).reshape(4, 30))
