"""``tinyforge verify-run``: does a run's manifest still tie recordings to windows, network, C and image?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.files import sha256_file, sha256_json
from tinyforge.pipeline.environment import ENVIRONMENT
from tinyforge.pipeline.runs import Run

if TYPE_CHECKING:
    from tinyforge.core.project import Project


@dataclass(frozen=True, slots=True)
class Tie:
    """One thing that was checked.

    Attributes:
        what: of the run.
        ok: it holds.
        fact: what was found.
        way_out: what to do when it does not hold.
    """

    what: str
    ok: bool
    fact: str
    way_out: str = ""


def verify(project: Project, run: Run, *, rebuild: bool = False) -> list[Tie]:
    """Check a run's files, and that each step was made from what stands before it.

    Args:
        project: the run's.
        run: which.
        rebuild: also compile the int8 models and build the images for boards whose compiler is here again, and compare
            every byte.

    Returns:
        What was checked, in the order of the road.
    """
    ties = list(_files(run))
    ties += _recordings(project, run)
    for model in sorted(_models(run)):
        ties += _chain(run, model)
        ties += _images(run, model)
        if rebuild:
            ties += _rebuilt(run, model, project.board)
    ties += _environment(run)
    return ties


def _models(run: Run) -> set[str]:
    return {step.split("/", 1)[1] for step in run.manifest["stages"] if step.startswith("train/")}


def _files(run: Run) -> Iterator[Tie]:
    for step in sorted(run.manifest["stages"]):
        damaged = []
        for artifact in run.artifacts(step):
            path = run.folder / artifact.path
            if not path.is_file():
                damaged.append(f"{artifact.path} is missing")
            elif sha256_file(path) != artifact.sha256:
                damaged.append(f"{artifact.path} is not what the step wrote")
        count = len(run.artifacts(step))
        if damaged:
            yield Tie(step, False, "; ".join(damaged), "the stage's command makes it again")
        else:
            yield Tie(step, True, f"{count} file{'s' * (count != 1)}, each with its SHA-256")


def _recordings(project: Project, run: Run) -> Iterator[Tie]:
    from tinyforge.pipeline import datasets

    entry = run.done("dataset")
    if entry is None:
        return
    now = datasets.store_of(project).digest()
    if entry["inputs"]["recordings"] == now:
        yield Tie("recordings", True, f"the dataset is the one the run was made from ({now[:12]})")
    else:
        fact = f"the dataset is {now[:12]} now, the run was made from {entry['inputs']['recordings'][:12]}"
        yield Tie("recordings", False, fact, "go back to that state, or `tinyforge run` makes a new run")


def _chain(run: Run, model: str) -> Iterator[Tie]:
    """Each step's inputs are the outputs of the steps before it."""
    stages = run.manifest["stages"]
    windows = ((run.done("dataset") or {}).get("facts") or {}).get("digest")
    export = sha256_json([[str(a.path), a.sha256] for a in run.artifacts(f"export/{model}")])
    ties: list[tuple[str, str, str, Any]] = [
        (f"train/{model}", "dataset", "the windows", windows),
        (f"compress/{model}", "dataset", "the windows", windows),
        (f"compress/{model}", "trained", "the trained network", _sha256(run, f"train/{model}/model.h5")),
        (f"export/{model}", "tflite", "the int8 model", _sha256(run, f"compress/{model}/int8.tflite")),
    ]
    for step in sorted(stages):
        kind, _, rest = step.partition("/")
        if rest.rpartition("/")[2] != model:
            continue
        if kind == "build":
            ties.append((step, "export", "the C", export))
        if kind == "evaluate":
            board = rest.rpartition("/")[0]
            ties += [
                (step, "dataset", "the windows", windows),
                (step, "tflite", "the int8 model", _sha256(run, f"compress/{model}/int8.tflite")),
                (step, "export", "the C", export),
                (step, "image", "the image", _sha256(run, f"build/{board}/{model}/firmware.elf")),
            ]
        if kind == "power":
            board = rest.rpartition("/")[0]
            ties.append((step, "image", "the image", _sha256(run, f"build/{board}/{model}/firmware.elf")))
    for step, key, what, there in ties:
        if step not in stages:
            continue
        wanted = stages[step]["inputs"].get(key)
        if wanted == there:
            yield Tie(step, True, f"made from {what} of this run ({str(there)[:12]})")
        else:
            fact = f"was made from another state of {what}: {str(wanted)[:12]}, here is {str(there)[:12]}"
            yield Tie(step, False, fact, "the stage's command makes it again")


def _sha256(run: Run, artifact: str) -> str | None:
    """What the manifest says of a file."""
    for step in run.manifest["stages"]:
        for said in run.artifacts(step):
            if said.path.as_posix() == artifact:
                return said.sha256
    return None


def _images(run: Run, model: str) -> Iterator[Tie]:
    """The digest by which a board names its model in HELLO stands in the image."""
    manifest = run.path(f"export/{model}", "manifest.json")
    if not manifest.is_file():
        return
    digest = json.loads(manifest.read_text(encoding="utf-8"))["model_sha256"]
    for step in sorted(run.manifest["stages"]):
        if not (step.startswith("build/") and step.endswith(f"/{model}")):
            continue
        image = run.path(step, "firmware.elf")
        if not image.is_file():
            continue
        if bytes.fromhex(digest) in image.read_bytes():
            yield Tie(step, True, f"the image names the model {digest[:12]}")
        else:
            fact = f"the image does not name the model {digest[:12]}"
            yield Tie(step, False, fact, f"`tinyforge build --model {model}` makes it again")


def _rebuilt(run: Run, model: str, own_board: str) -> Iterator[Tie]:
    from tinyforge.boards import load_board
    from tinyforge.firmware import build
    from tinyforge.pipeline import models

    tflite = run.path(f"compress/{model}", "int8.tflite")
    step = f"export/{model}"
    if run.done(step) is None or not tflite.is_file():
        return
    with tempfile.TemporaryDirectory(prefix="tinyforge_rebuild_") as made:
        again = Path(made) / "model"
        streams = bool(run.manifest["stages"][step]["inputs"].get("stream"))
        models.export(tflite, again, name=model, stream=streams, whole=streams)
        yield _same(step, run.path(step), again, [a.path.relative_to(step) for a in run.artifacts(step)])
        for build_step in sorted(run.manifest["stages"]):
            if not (build_step.startswith("build/") and build_step.endswith(f"/{model}")):
                continue
            board_id = build_step.split("/")[1]
            board = load_board(own_board if Path(own_board).stem == board_id else board_id)
            key = run.manifest["stages"][build_step]["inputs"].get("update_key", "")
            built = build(board, Path(made) / board.id, model_dir=run.path(step), update_key=key)
            old, new = _sha256(run, f"{build_step}/firmware.elf"), sha256_file(built.elf)
            if old == new:
                yield Tie(build_step, True, f"built again: the same bytes ({new[:12]})")
            else:
                fact = f"built again: another image ({new[:12]} instead of {str(old)[:12]})"
                yield Tie(build_step, False, fact, f"compare {ENVIRONMENT}: another compiler makes other code")


def _same(step: str, old: Path, new: Path, files: list[Path]) -> Tie:
    differing = [str(f) for f in files if not (new / f).is_file() or (old / f).read_bytes() != (new / f).read_bytes()]
    if not differing:
        return Tie(step, True, f"compiled again: the same {len(files)} files")
    fact = f"compiled again: other content of {', '.join(differing[:5])}"
    return Tie(step, False, fact, "the run was made by another version of tinyforge")


def _environment(run: Run) -> Iterator[Tie]:
    from tinyforge.pipeline import environment

    path = run.folder / ENVIRONMENT
    if not path.is_file():
        return
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        yield Tie("environment", False, f"{path} is not JSON", "the run's environment is not known any more")
        return
    differing = environment.differences(then, environment.locked())
    said = "the same as when the run was begun" if not differing else f"differs now: {'; '.join(differing[:5])}"
    yield Tie("environment", True, said)
