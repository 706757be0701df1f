"""What pruning keeps of its epochs: their average, from the moment that all zeros are in place."""

import numpy as np
import pytest

from tinyforge.compress.finetune import _Average


class Network:
    def __init__(self):
        self.weights = []

    def get_weights(self):
        return [one.copy() for one in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def test_epochs_before_the_last_zero_do_not_count_and_zeros_stay():
    network, average = Network(), _Average(2)
    seen = []
    for epoch in range(6):
        network.weights = [np.array([10.0 * epoch, 0.0 if epoch >= 2 else 1.0], np.float32)]
        average.take(network)
        seen.append(network.weights[0].tolist())
    assert seen[:3] == [[0.0, 1.0], [10.0, 1.0], [20.0, 0.0]]  # as they were
    after_three = 20 / 5 + 30 * 4 / 5
    after_four = after_three * 2 / 6 + 40 * 4 / 6
    after_five = after_four * 3 / 7 + 50 * 4 / 7
    assert [one[0] for one in seen[3:]] == pytest.approx([after_three, after_four, after_five])
    assert [one[1] for one in seen[3:]] == [0.0, 0.0, 0.0]
