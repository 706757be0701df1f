"""A few random networks in every run; ``fuzz_networks.py`` makes as many as wanted."""

from __future__ import annotations

import fuzz_networks
import opbench
import pytest
from fuzz_networks import Board, Campaign, Host

SEED = 20261126


@pytest.mark.parametrize(("streamed", "wide"), [(False, False), (True, False), (True, True)])
def test_on_this_machine(streamed, wide):
    campaign = Campaign(SEED, [Host])
    assert list(campaign.run(0, 10, streamed=streamed, wide=wide)) == [9]
    assert campaign.found["different"] == 0
    assert campaign.found["windows" if streamed else "programs on host"] >= 10


@pytest.mark.emulator
def test_on_the_virtual_board():
    pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
    campaign = Campaign(SEED, [Board])
    assert list(campaign.run(10, 10)) == [19]
    assert campaign.found["different"] == 0
    assert campaign.found["programs on virtual"] >= 10


def test_a_difference_is_said(monkeypatch, capsys):
    def wrong(case, inputs):
        found = opbench.reference(case, inputs)
        found[0][0].reshape(-1)[0] ^= 1
        return found

    monkeypatch.setattr(fuzz_networks, "reference", wrong)
    campaign = Campaign(SEED, [Host])
    list(campaign.run(0, 2))
    assert campaign.found["different"] == campaign.found["programs on host"] > 0
    assert f"seed {SEED} number 0 --optimize speed, host: [1" in capsys.readouterr().out
