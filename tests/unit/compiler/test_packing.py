"""Packed weights: what is unpacked is what was packed."""

import numpy as np
import pytest

from tinyforge.compiler.packing import CODED, MOST_INPUTS, SPARSE, can_be_smaller, dense_nibbles, nibbles, pack


def unpacked(packed, inputs):
    """The matrix, read as ``csrc/src/tfg_packed.h`` reads it."""
    stream = iter(packed.rows.tolist())
    matrix = np.zeros((len(packed.entries), inputs), np.int64)
    for row, entries in zip(matrix, packed.entries.tolist(), strict=True):
        at = 0
        for _ in range(entries):
            if packed.form == CODED:
                byte = next(stream)
                at += byte >> 4
                row[at] += packed.book[byte & 15]
                continue
            distances, *values = next(stream), next(stream), next(stream)
            for distance, value in zip((distances >> 4, distances & 15), values, strict=True):
                at += distance
                row[at] += value - 256 if value > 127 else value
    return matrix


def weights(form, density, shape=(24, 77)):
    rng = np.random.default_rng(4)
    values = rng.integers(-127, 128, shape) if form == SPARSE else rng.choice([-90, -3, 5, 40, 127], shape)
    return (values * (rng.random(shape) < density)).astype(np.int8)


@pytest.mark.parametrize(("form", "density"), [(SPARSE, 0.2), (SPARSE, 0.02), (CODED, 0.2)])
def test_the_smaller_form_holds_the_same_numbers(form, density):
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


def from_pairs(pairs, byte):
    return np.array([pairs[byte] & 0xFFFF, pairs[byte] >> 16], np.uint16).view(np.int16)


@pytest.mark.parametrize("values", [1, 5, 16])
@pytest.mark.parametrize("together", [False, True])
def test_four_bits_a_weight_of_a_dense_layer(values, together):
    """Sixteen values leave no room for a zero beside them."""
    rng = np.random.default_rng(values)
    matrix = rng.choice(np.arange(1, values + 1) * 8 - 100, (7, 12)).astype(np.int8)
    found = dense_nibbles(matrix, together=together)
    assert found["rows"].shape == (2, 6, 4)
    assert found["rows"].nbytes == 48
    for output, row in enumerate(matrix):
        read = np.zeros(12, np.int64)
        for two, byte in enumerate(found["rows"][output // 4, :, output % 4]):
            inputs = [two // 2 * 4 + two % 2 + step for step in (0, 2)] if together else [2 * two, 2 * two + 1]
            read[inputs] = from_pairs(found["pairs"], byte) if together else found["book"][[byte & 15, byte >> 4]]
        assert np.array_equal(read, row)
    assert dense_nibbles(np.arange(17, dtype=np.int8).repeat(4).reshape(1, 68), together=together) is None


def test_inputs_that_are_left_over_of_a_dense_layer():
    matrix = np.ones((4, 6), np.int8)
    assert dense_nibbles(matrix, together=True) is None
    assert dense_nibbles(matrix, together=False) is not None
    assert dense_nibbles(matrix[:, :5], together=False) is None


@pytest.mark.parametrize("inputs", [4, 5, 6, 7, 16])
@pytest.mark.parametrize("together", [False, True])
def test_four_bits_a_weight_of_a_convolution(inputs, together):
    matrix = np.random.default_rng(inputs).choice(np.arange(16) - 8, (5, inputs)).astype(np.int8)
    found = nibbles(matrix, together=together)
    assert (found["book"] is None) == together
    assert found["rows"].dtype == np.uint16
    for word, row in zip(found["rows"], matrix, strict=True):
        for tap, weight in enumerate(row):
            place = int(word[tap // 4]) >> 4 * [0, 2, 1, 3][tap % 4] & 15
            assert weight == (from_pairs(found["pairs"], place)[0] if together else found["book"][place])
    if together:
        byte = int(found["rows"][0, 0]) & 255
        assert from_pairs(found["pairs"], byte).tolist() == [matrix[0, 0], matrix[0, 2]]
    assert nibbles(np.arange(17, dtype=np.int8).reshape(1, 17), together=together) is None


def test_what_no_form_makes_smaller_is_told_by_counting():
    rng = np.random.default_rng(4)
    for density in (0.05, 0.3, 0.5, 0.6, 0.66, 0.68, 0.8, 1.0):
        for values in (3, 15, 16, 17, 200):
            weights = (rng.integers(0, values, (9, 130)) - values // 2).astype(np.int8)
            weights[rng.random(weights.shape) >= density] = 0
            packed = pack(weights)
            few = nibbles(weights) is not None
            assert can_be_smaller(weights) or (packed.flash_bytes >= weights.size and not few), (density, values)
    assert not can_be_smaller(np.arange(1, 121, dtype=np.int8).reshape(4, 30))


def test_entries_of_a_row_are_counted_in_16_bits():
    assert pack(np.ones((1, MOST_INPUTS), np.int8)).entries.tolist() == [MOST_INPUTS]
    with pytest.raises(OverflowError):
        pack(np.ones((1, MOST_INPUTS + 1), np.int8))
