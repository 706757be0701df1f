"""``tinyforge power``, and what it shares with ``evaluate --power``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tinyforge.cli.options import Debug, Json

Volts = Annotated[
    float, typer.Option("--volts", min=0.0, help="Supply voltage, where the meter does not measure it (PPK2).")
]
Meter = Annotated[str, typer.Option("--meter", help="ppk2, joulescope, ina219, ina226; default: from the header.")]
Marker = Annotated[str, typer.Option("--marker", help="Digital input that is high while the board infers: d0 to d7.")]
Busy = Annotated[list[str] | None, typer.Option("--busy", help="When the board infers, in seconds: 2:12.")]
Idle = Annotated[list[str] | None, typer.Option("--idle", help="When it idles; default: all other time.")]


def power(
    file: Annotated[Path, typer.Argument(help="CSV of a PPK2, a Joulescope, or a sketch with an INA219 or INA226.")],
    inferences: Annotated[int, typer.Option("--inferences", min=1, help="How many were done while it was recorded.")],
    volts: Volts = 0.0,
    meter: Meter = "",
    marker: Marker = "",
    busy: Busy = None,
    idle: Idle = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Energy of one inference from a power meter's recording, with its uncertainty.

    Example: tinyforge power ppk2.csv --inferences 1000 --volts 3.3 --marker d0
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import power as measuring

    reading = measuring.Reading(volts or None, meter, marker, tuple(busy or ()), tuple(idle or ()))
    found = measuring.from_file(file, inferences, reading)
    if json:
        render.say_json(found)
    else:
        say_energy(found)


def say_energy(found: Mapping[str, Any], name: str = "") -> None:
    """The energy and its uncertainty, with as many digits as the uncertainty lets."""
    from tinyforge.cli import render
    from tinyforge.core.quantities import joules

    head = f"{name}: " if name else ""
    energy, uncertainty, unit = joules(found["energy_j"], found["uncertainty_j"])
    render.say(
        f"{head}{energy} +- {uncertainty} {unit} for one inference above idling "
        f"(U, k = 2; {found['meter']}, {found['inferences']} inferences in {found['busy_s']:.2f} s)"
    )
    render.say(f"{head}power {found['busy_w'] * 1e3:.3f} mW busy, {found['idle_w'] * 1e3:.3f} mW idle")
