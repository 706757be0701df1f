"""Measured quantities as people write them."""

from __future__ import annotations


def joules(energy_j: float, uncertainty_j: float) -> tuple[str, str, str]:
    """An energy with as many digits as its uncertainty lets.

    Args:
        energy_j: joules.
        uncertainty_j: joules, as it is to be said.

    Returns:
        Energy and uncertainty in the same unit, the latter with two digits that mean something, and the unit:
        ``J``, ``mJ`` or ``uJ``.
    """
    for factor, unit in ((1.0, "J"), (1e3, "mJ"), (1e6, "uJ")):
        if energy_j * factor >= 1.0 or unit == "uJ":
            break
    uncertain = uncertainty_j * factor
    digits = next((places for places in range(6) if uncertain * 10**places >= 9.5), 6)
    return f"{energy_j * factor:.{digits}f}", f"{uncertain:.{digits}f}", unit
