"""What was measured of a model, as a file that two states of a repository can be compared by."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyforge.budget.limits import Quality
from tinyforge.core.errors import DataError
from tinyforge.core.types import Footprint

FIGURES_VERSION = 1
_WAY_OUT = "`tinyforge check --update` writes it anew"


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One call of the generated code.

    Attributes:
        name: of the layer, for instance ``conv0``.
        kernel: the C function.
        instructions: executed in it for one inference.
    """

    name: str
    kernel: str
    instructions: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One model on one board.

    Attributes:
        name: of the model.
        board: identifier of the board whose clock gives times.
        compiler: that linked the image; sizes of two compilers cannot be compared.
        model_sha256: of the ``.tflite``.
        footprint: of the linked image, harness not counted; ``stack_bytes`` measured.
        instructions, cycles: of one inference; cycles are estimated.
        quality: latency, accuracy, agreement, exactness.
        windows: test windows behind accuracy and agreement; 0 where there are none.
        layers: in the order of their calls.
    """

    name: str
    board: str
    compiler: str
    model_sha256: str
    footprint: Footprint
    instructions: int
    cycles: int
    quality: Quality = field(default_factory=Quality)
    windows: int = 0
    layers: tuple[LayerCost, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-able values, with the attributes' names."""
        said = dataclasses.asdict(self)
        said["footprint"]["by_symbol"] = dict(sorted(self.footprint.by_symbol.items()))
        return {"version": FIGURES_VERSION} | said


def read_figures(text: str, place: str) -> Figures:
    """Read what :meth:`Figures.to_json` gave.

    Args:
        text: JSON.
        place: the file, for messages.

    Raises:
        DataError: no JSON, another version, or a value that is missing or of another kind.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(place, f"is not valid JSON ({error})", _WAY_OUT) from error
    if not isinstance(said, dict) or said.get("version") != FIGURES_VERSION:
        raise DataError(place, f"holds no figures of version {FIGURES_VERSION}", _WAY_OUT)
    try:
        footprint = said["footprint"]
        return Figures(
            name=str(said["name"]),
            board=str(said["board"]),
            compiler=str(said["compiler"]),
            model_sha256=str(said["model_sha256"]),
            footprint=Footprint(
                int(footprint["flash_bytes"]),
                int(footprint["ram_bytes"]),
                int(footprint["stack_bytes"]),
                {str(name): int(count) for name, count in footprint["by_symbol"].items()},
            ),
            instructions=int(said["instructions"]),
            cycles=int(said["cycles"]),
            quality=_quality(said["quality"]),
            windows=int(said["windows"]),
            layers=tuple(LayerCost(str(c["name"]), str(c["kernel"]), int(c["instructions"])) for c in said["layers"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(place, f"has a missing or wrong value ({error})", _WAY_OUT) from error


def _quality(said: Mapping[str, Any]) -> Quality:
    return Quality(**{key.name: None if said[key.name] is None else float(said[key.name]) for key in _FIELDS})


_FIELDS = dataclasses.fields(Quality)
