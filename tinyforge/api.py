"""Everything the commands do, as functions: for notebooks, scripts and tests.

>>> from tinyforge import api
>>> project = api.init("wave", template="police")            # doctest: +SKIP
>>> api.run(project)["models"]["cnn"]["board"]["accuracy"]   # doctest: +SKIP

Every function returns plain data, the same that the command prints with ``--json``, and raises one of
:mod:`tinyforge.core.errors`: a place, a fact and a way out. Nothing is printed; an ``observer`` is told of progress
(:class:`tinyforge.pipeline.observer.Observer`). Heavy libraries are imported when a function needs them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinyforge.pipeline.observer import Observer
    from tinyforge.pipeline.road import Road

PathLike = str | Path


def _observer(observer: Observer | None) -> Observer:
    from tinyforge.pipeline.observer import Silent

    return Silent() if observer is None else observer


def _road(project: PathLike, observer: Observer | None, board: str = "", port: str = "", run: str = "") -> Road:
    from tinyforge.pipeline import projects
    from tinyforge.pipeline.road import Road

    return Road(projects.load(Path(project)), _observer(observer), run_name=run, board_id=board, port=port)


def _stage(
    stage: str,
    project: PathLike,
    model: str,
    run: str,
    observer: Observer | None,
    board: str = "",
    port: str = "",
) -> dict[str, Any]:
    road = _road(project, observer, board, port, run)
    with road.locked():
        models = road.each(stage, model)  # before road.run: a name that is none makes no run
        return {"run": str(road.run.folder), "models": models}


# -- a project ---------------------------------------------------------------------------------------------------------


def init(folder: PathLike, *, template: str = "empty", force: bool = False) -> Path:
    """Make a project: ``tinyforge.toml`` and the dataset's folder.

    Args:
        folder: made when it is missing.
        template: ``empty``: gestures of your own; ``gestures``: the same, of one person; ``activities``: a watch;
            ``police``: three signals recorded from the virtual board.
        force: overwrite a file that is there.

    Returns:
        The project's folder, for the other functions.

    Raises:
        UsageError: unknown template, or a project is there already.
    """
    from tinyforge.pipeline import projects

    return projects.init(Path(folder), template, force=force).parent


def record(project: PathLike, *, observer: Observer | None = None) -> int:
    """Record from the virtual board what ``[capture]`` asks for and the dataset lacks.

    Returns:
        How many recordings were made.

    Raises:
        ConfigError: the project's file.
        DeviceError, ToolError: the virtual board, or no compiler for its firmware.
    """
    road = _road(project, observer)
    with road.locked():
        return road.record()


def run(
    project: PathLike,
    *,
    model: str = "",
    board: str = "",
    port: str = "",
    jobs: int = 0,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Go the whole road: what is done already is not done again.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        model: only this model; empty for all.
        board: identifier; empty for the project's.
        port: serial port or URL; empty to find it.
        jobs: models worked on at the same time; 0 for one a core.
        observer: is told.

    Returns:
        ``run``, ``report``, ``windows`` and ``models``: by name the figures of every rung, sizes, cost and budget.

    Raises:
        ConfigError, DataError, DeviceError, ToolError: as the steps do.
    """
    road = _road(project, observer, board, port)
    with road.locked():
        return road.whole(model, jobs)


def train(project: PathLike, *, model: str = "", run: str = "", observer: Observer | None = None) -> dict[str, Any]:
    """Train the project's networks.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        model: only this one; empty for all.
        run: a run's folder name; empty for the one that continues.
        observer: is told.

    Returns:
        ``run`` and ``models``: by name ``parameters``, ``epochs``, ``folder``, and for ``validation`` and ``test``
        ``accuracy``, ``low``, ``high``, ``windows``, ``macro_f1``; shares are in [0, 1].

    Raises:
        ConfigError: the project's file.
        DataError: recordings that do not fit window or split.
    """
    return _stage("train", project, model, run, observer)


def compress(project: PathLike, *, model: str = "", run: str = "", observer: Observer | None = None) -> dict[str, Any]:
    """Prune, cluster and quantize, as ``[compress]`` says; trains first what is not trained.

    Args:
        project, model, run, observer: as :func:`train`.

    Returns:
        ``run`` and ``models``: by name ``steps`` (``name``, ``file_bytes``, ``gzip_bytes``, ``parameters``,
        ``nonzeros``, ``test``), ``calibration`` and ``tflite``, the path of the int8 model.

    Raises:
        ConfigError, DataError, ToolError: as :func:`train`, and where the converter fails.
    """
    return _stage("compress", project, model, run, observer)


def export(project: PathLike, *, model: str = "", run: str = "", observer: Observer | None = None) -> dict[str, Any]:
    """Write the int8 models of a project as C, into the run.

    Args:
        project, model, run, observer: as :func:`train`.

    Returns:
        ``run`` and ``models``: by name ``folder``, ``macs``, ``weight_bytes``, ``arena_bytes``, ``explain``.
    """
    return _stage("export", project, model, run, observer)


def build(
    project: PathLike, *, model: str = "", board: str = "", run: str = "", observer: Observer | None = None
) -> dict[str, Any]:
    """Build firmware with PlatformIO.

    Args:
        project, model, run, observer: as :func:`train`.
        board: identifier; empty for the project's.

    Returns:
        ``run`` and ``models``: by name ``elf``, ``sha256``, ``flash_bytes``, ``ram_bytes`` of the image.

    Raises:
        ToolError: PlatformIO or the compiler fails.
        CheckFailed: the image does not fit the board.
    """
    return _stage("build", project, model, run, observer, board)


def flash(
    project: PathLike,
    *,
    model: str = "",
    board: str = "",
    port: str = "",
    run: str = "",
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Put firmware on a board and ask it what it holds.

    Args:
        project, model, run, observer: as :func:`train`.
        board, port: identifier and serial port; empty for the project's and the one that is found.

    Raises:
        DeviceError: no board, several, or it answers with another model.
    """
    return _stage("flash", project, model, run, observer, board, port)


def evaluate(
    project: PathLike,
    *,
    model: str = "",
    board: str = "",
    port: str = "",
    run: str = "",
    power_source: str = "",
    volts: float | None = None,
    meter: str = "",
    marker: str = "",
    busy: Sequence[str] = (),
    idle: Sequence[str] = (),
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Send every test window through the board and compare all rungs of the ladder.

    Args:
        project, model, run, observer: as :func:`train`.
        board, port: identifier and serial port; empty for the project's and the one that is found.
        power_source: a meter's CSV, recorded meanwhile, or the port of a sketch with an INA219 or INA226; empty: no
            energy.
        volts, meter, marker, busy, idle: as :func:`power`.

    Returns:
        ``run`` and ``models``: by name ``windows``, ``rungs`` (``name``, ``accuracy``, ``low``, ``high``,
        ``agreement``, ``differing``, ``exact``), ``findings``, ``exact``, ``latency`` and ``network_latency``
        (microseconds), ``memory`` (high-water marks), and ``energy`` where it was measured.

    Raises:
        DeviceError: the board, or the model it holds.
    """
    if not power_source:
        return _stage("evaluate", project, model, run, observer, board, port)
    from tinyforge.pipeline import power as measuring

    reading = measuring.Reading(volts, meter, marker, tuple(busy), tuple(idle))
    road = _road(project, observer, board, port, run)
    with road.locked():
        models = measuring.evaluate(road, model, power_source, reading)
        return {"run": str(road.run.folder), "models": models}


def live(
    project: PathLike,
    script: PathLike,
    *,
    seconds: float = 0.0,
    settle_s: float = 0.3,
    board: str = "",
    port: str = "",
    model: str = "",
    motion: str = "",
) -> dict[str, Any]:
    """Record a session of LIVE on a board and judge it by what a script says really happens.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        script: CSV of ``start_s,end_s,label``.
        seconds: of the session; 0 for as long as the script.
        settle_s: after a change of the label a window does not count for so long.
        board, port: identifier and serial port; empty for the project's and the one that is found.
        model: for the virtual board: whose image it holds; empty for the project's first model.
        motion: for the virtual board: what moves its IMU.

    Returns:
        See :func:`tinyforge.pipeline.live.record`.

    Raises:
        DataError: the script.
        DeviceError: no board, no model on it, or it goes away.
    """
    from tinyforge.pipeline import live as recording
    from tinyforge.pipeline import projects

    request = recording.Request(
        script=Path(script),
        duration_s=seconds,
        settle_s=settle_s,
        board_id=board,
        port=port,
        model=model,
        motion=motion,
    )
    return recording.record(projects.load(Path(project)), request, lambda _judged, _label: None)


def power(
    file: PathLike,
    inferences: int,
    *,
    volts: float | None = None,
    meter: str = "",
    marker: str = "",
    busy: Sequence[str] = (),
    idle: Sequence[str] = (),
) -> dict[str, Any]:
    """Energy of one inference from the recording of a power meter, with its uncertainty.

    Args:
        file: CSV of a Nordic PPK2, a Joulescope, or a sketch that prints readings of an INA219 or INA226.
        inferences: how many were done while it was recorded.
        volts: supply voltage, where the meter does not measure it.
        meter: ``ppk2``, ``joulescope``, ``ina219``, ``ina226``; empty to take it from the header.
        marker: digital input that is high while the board infers, ``d0`` to ``d7``.
        busy, idle: times in seconds, ``2:12`` each; without them the marker or the current decides.

    Returns:
        See :func:`tinyforge.pipeline.power.from_file`.

    Raises:
        DataError: the file, or an energy below what the meter tells apart.
        UsageError: times that are none.
    """
    from tinyforge.pipeline import power as measuring

    reading = measuring.Reading(volts, meter, marker, tuple(busy), tuple(idle))
    return measuring.from_file(Path(file), inferences, reading)


def update_keygen(path: PathLike) -> dict[str, Any]:
    """Write a new secret key for model updates to ``path``; see :func:`tinyforge.pipeline.updates.keygen`."""
    from tinyforge.pipeline import updates

    return updates.keygen(Path(path))


def update_send(
    project: PathLike,
    key: PathLike,
    *,
    model: str = "",
    version: int | None = None,
    board: str = "",
    port: str = "",
    run: str = "",
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Send a board a new model over its link; see :func:`tinyforge.pipeline.updates.send`."""
    from tinyforge.pipeline import updates

    road = _road(project, observer, board, port, run)
    with road.locked():
        return updates.send(road, Path(key), model=model, version=version)


def update_show(project: PathLike, *, model: str = "", board: str = "", port: str = "") -> dict[str, Any]:
    """Which model a board runs, and its room for updates; see :func:`tinyforge.pipeline.updates.show`."""
    from tinyforge.pipeline import projects, updates

    return updates.show(projects.load(Path(project)), model=model, board_id=board, port=port)


def monitor(
    project: PathLike, *, board: str = "", port: str = "", model: str = "", motion: str = "", count: int = 0
) -> Iterator[dict[str, Any]]:
    """What a board answers to windows of its own sensor, as it comes; see :func:`tinyforge.pipeline.monitor.watch`."""
    from tinyforge.pipeline import monitor as monitoring
    from tinyforge.pipeline import projects

    loaded = projects.load(Path(project))
    for one in monitoring.watch(loaded, board_id=board, port=port, model=model, motion=motion, count=count):
        yield dataclasses.asdict(one)


def report(project: PathLike, *, run: str = "", observer: Observer | None = None) -> dict[str, Any]:
    """Write ``report.html`` and ``report.json`` of a run.

    Returns:
        ``html`` and ``json``: paths.
    """
    road = _road(project, observer, run=run)
    with road.locked():
        return road.report()


def compare_runs(project: PathLike, one: str, two: str, *, out: PathLike | None = None) -> dict[str, Any]:
    """Write a page that shows two runs side by side; see :func:`tinyforge.pipeline.compare_runs.compare`."""
    from tinyforge.pipeline import compare_runs as comparing
    from tinyforge.pipeline import projects

    return comparing.compare(projects.load(Path(project)), one, two, None if out is None else Path(out))


def verify_run(project: PathLike, *, run: str = "latest", rebuild: bool = False) -> list[dict[str, Any]]:
    """Check that a run's manifest ties recordings, network, C and image together.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        run: a run's folder name, or ``latest``.
        rebuild: compile and build again and compare every byte.

    Returns:
        ``what``, ``ok``, ``fact``, ``way_out`` of everything that was checked.
    """
    from tinyforge.pipeline import projects, runs
    from tinyforge.pipeline import verify_run as verifying

    loaded = projects.load(Path(project))
    return [dataclasses.asdict(tie) for tie in verifying.verify(loaded, runs.named_run(loaded, run), rebuild=rebuild)]


def publish(
    project: PathLike,
    model: str,
    folder: PathLike,
    *,
    windows: int = 200,
    room: float = 0.05,
    observer: Observer | None = None,
) -> Path:
    """Write a finished model's folder for a repository; see :func:`tinyforge.pipeline.publish.publish`."""
    from tinyforge.pipeline import publish as publishing

    road = _road(project, observer)
    with road.locked():
        return publishing.publish(road, road.project.model(model), Path(folder), windows=windows, room=room)


def capture(
    project: PathLike,
    label: str,
    subject: str,
    *,
    count: int = 1,
    duration_s: float = 4.0,
    session: str = "",
    rate_hz: float = 0.0,
    board: str = "",
    port: str = "",
    motion: str = "",
    observer: Observer | None = None,
) -> list[dict[str, Any]]:
    """Record takes of one length, without a countdown and without asking anybody anything.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        label: class of the gesture.
        subject: who moves.
        count: takes.
        duration_s: seconds each.
        session: when and where.
        rate_hz: samples a second; 0 for the project's.
        board, port: identifier and serial port; empty for the project's and the one that is found.
        motion: what moves the virtual board's IMU; empty for an arm that knows the label.
        observer: is told.

    Returns:
        What the store knows of each recording: ``id``, ``label``, ``subject``, ``samples``, ``rate_hz``, ``dropped``.

    Raises:
        DeviceError: no board, or it goes away.
        DataError, UsageError: a recording that cannot be kept.
    """
    from tinyforge.capture.desk import PlainDesk
    from tinyforge.capture.session import Plan
    from tinyforge.pipeline import captures, projects

    plan = Plan(
        labels=(label,),
        subject=subject,
        session=session,
        mode="fixed",
        count=count,
        duration_s=duration_s,
        rate_hz=rate_hz,
    )
    request = captures.Request(plan, board_id=board, port=port, motion=motion)
    return captures.capture(projects.load(Path(project)), request, PlainDesk(), _observer(observer))


def import_recordings(
    project: PathLike,
    path: PathLike,
    *,
    format_name: str = "",
    rate_hz: float | None = None,
    label: str = "",
    label_from: str = "file",
    subject: str = "",
    session: str = "",
    take_samples: int = 0,
    units: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> dict[str, Any]:
    """Bring recordings of others into a project; see :class:`tinyforge.dataset.ImportOptions` for the arguments.

    Returns:
        ``added``, ``known``, ``format``, ``labels``, ``rate_hz``, ``notes``.

    Raises:
        UsageError: unknown format or option.
        DataError: the files; nothing is kept then.
    """
    from tinyforge.dataset import ImportOptions
    from tinyforge.pipeline import datasets, projects

    options = ImportOptions(
        rate_hz=rate_hz,
        label=label,
        label_from=datasets.label_source(label_from),
        subject=subject,
        session=session,
        take_samples=take_samples,
        units=tuple(units),
        columns=tuple(columns),
    )
    return datasets.import_into(projects.load(Path(project)), Path(path), options, format_name)


def recordings(project: PathLike) -> dict[str, Any]:
    """Recordings by class and subject; see :func:`tinyforge.pipeline.datasets.summary`."""
    from tinyforge.pipeline import datasets, projects

    return datasets.summary(projects.load(Path(project)))


def check_dataset(project: PathLike, *, page: PathLike | None = None) -> dict[str, Any]:
    """Look for what spoils a training; see :func:`tinyforge.pipeline.examination.check`."""
    from tinyforge.pipeline import examination, projects

    return examination.check(projects.load(Path(project)), page=None if page is None else Path(page))


def freeze_split(project: PathLike) -> dict[str, Any]:
    """Keep today's split; see :func:`tinyforge.pipeline.frozen.freeze`."""
    from tinyforge.pipeline import frozen, projects

    return frozen.freeze(projects.load(Path(project)))


def edit_recordings(project: PathLike, what: str, patterns: Sequence[str] = (), **how: Any) -> dict[str, Any]:
    """Change recordings, as one step that ``what="undo"`` takes back.

    Args:
        project: folder of ``tinyforge.toml``, or one below it.
        what: ``delete``, ``relabel`` (``label=``, ``subject=``, ...), ``trim`` (``start_s=``, ``end_s=``), ``split`` or
            ``undo``.
        patterns: ids, unambiguous beginnings of ids, or patterns such as ``stop-*``.
        how: of the change.

    Returns:
        ``what`` was done, ids ``taken`` away and ``made``.

    Raises:
        UsageError: no such change.
        DataError: a pattern names nothing.
    """
    from tinyforge.core.errors import UsageError, did_you_mean
    from tinyforge.pipeline import edits, projects

    loaded = projects.load(Path(project))
    if what == "delete":
        return edits.delete(loaded, patterns)
    if what == "relabel":
        return edits.relabel(loaded, patterns, how)
    if what == "trim":
        return edits.trim(loaded, patterns, how.get("start_s", 0.0), how.get("end_s"))
    if what == "split":
        return edits.split(loaded, patterns)
    if what == "undo":
        return {"what": edits.undo(loaded), "taken": [], "made": []}
    raise UsageError(
        "edit_recordings",
        f'"{what}": no such change',
        did_you_mean(what, ("delete", "relabel", "trim", "split", "undo")),
    )


def export_recordings(project: PathLike, out: PathLike, *, format_name: str = "csv") -> dict[str, Any]:
    """Write all recordings for another program; see :func:`tinyforge.pipeline.edits.export`."""
    from tinyforge.pipeline import edits, projects

    return edits.export(projects.load(Path(project)), Path(out), format_name)


def cross_validate(
    project: PathLike, scheme: str = "loso", *, model: str = "", jobs: int = 0, observer: Observer | None = None
) -> dict[str, Any]:
    """Train and compress on every fold; see :func:`tinyforge.pipeline.crossval.cross_validate`."""
    from tinyforge.pipeline.crossval import cross_validate as validate

    road = _road(project, observer)
    with road.locked():
        return validate(road, scheme, model, jobs)


def search(
    project: PathLike, trials: int, *, name: str = "search", storage: str = "", observer: Observer | None = None
) -> dict[str, Any]:
    """Work on a study until it has so many finished trials; see :func:`tinyforge.search.search`.

    Returns:
        ``folder`` and ``front``: the trials that none other beats in accuracy, flash and instructions.

    Raises:
        CheckFailed: no candidate fits; the study is kept.
    """
    from tinyforge.pipeline import projects
    from tinyforge.search import search as run_search

    found = run_search(projects.load(Path(project)), _observer(observer), trials=trials, name=name, storage=storage)
    return {"folder": str(found.folder), "front": [dataclasses.asdict(one) for one in found.front]}


# -- models alone ------------------------------------------------------------------------------------------------------


def export_model(
    model: PathLike, out: PathLike, *, name: str = "", runtime: str = "aot", package: str = "", link: bool = False
) -> dict[str, Any]:
    """Write a lone ``.tflite`` as C; see :func:`tinyforge.pipeline.models.export`."""
    from tinyforge.pipeline import models

    return models.export(Path(model), Path(out), name=name, runtime=runtime, package=package, link=link)


def verify(
    model: PathLike, *, inputs: PathLike | None = None, on: str = "host", random: int = 64, seed: int = 1
) -> dict[str, Any]:
    """Compare a model's C with the reference, bit for bit; see :func:`tinyforge.pipeline.models.verify`."""
    from tinyforge.pipeline import models

    given = None if inputs is None else Path(inputs)
    return models.verify(Path(model), inputs=given, on=on, random=random, seed=seed)


def verify_folder(folder: PathLike, *, on: str = "host", random: int = 64, seed: int = 1) -> dict[str, Any]:
    """Verify every model of a folder; see :func:`tinyforge.pipeline.collection.verify_folder`."""
    from tinyforge.pipeline import collection

    return collection.verify_folder(Path(folder), on=on, random=random, seed=seed)


def profile(model: PathLike, *, board: str = "virtual") -> dict[str, Any]:
    """Cost of one inference, layer by layer; see :func:`tinyforge.pipeline.models.profile`."""
    from tinyforge.pipeline import models

    return models.profile(Path(model), board_id=board)


def check(
    folders: Sequence[PathLike], *, board: str = "", baseline: str = "", max_growth: float | None = None
) -> dict[str, Any]:
    """Hold committed models against their budgets.

    Args:
        folders: of models, or folders that hold such folders.
        board: only its limits; empty for all.
        baseline: a git revision, ``release``, a folder or a ``figures.json``; empty for none.
        max_growth: how much worse than the baseline anything may be, as a share; None for as much as the budget allows.

    Returns:
        ``ok``, ``baseline`` and ``models``.

    Raises:
        UsageError, ConfigError, DataError: folders, budgets or baseline.
    """
    from tinyforge.pipeline import checks

    checked, against = checks.check(
        [Path(folder) for folder in folders], board_id=board, baseline=baseline, growth=max_growth
    )
    return checks.as_json(checked, against)


def operators() -> list[str]:
    """Names of the TensorFlow Lite operators that the compiler knows, in order."""
    from tinyforge.pipeline import models

    return models.operators()


def boards() -> list[dict[str, Any]]:
    """Every board that is described."""
    from tinyforge.pipeline import devices

    return devices.boards()


def eject(
    out: PathLike, *, board: str = "virtual", model: PathLike | None = None, link: str = "", stream: bool = False
) -> dict[str, Any]:
    """Write a board's whole firmware project, to edit; see :func:`tinyforge.pipeline.eject.eject`."""
    from tinyforge.pipeline import eject as ejecting

    path = None if model is None else Path(model)
    return ejecting.eject(Path(out), board_id=board, model=path, link=link, stream=stream)


# -- this machine ------------------------------------------------------------------------------------------------------


def devices(*, ask: bool = True) -> list[dict[str, Any]]:
    """Serial ports and the boards recognised on them; see :func:`tinyforge.pipeline.ports.devices`."""
    from tinyforge.pipeline import ports

    return ports.devices((), ask=ask)


def doctor() -> list[dict[str, Any]]:
    """What this machine has of what is needed.

    Returns:
        ``what``, ``state`` (``ok``, ``missing``, ``fault``), ``fact`` and ``way_out`` of each thing.
    """
    from tinyforge.pipeline import environment

    return [dataclasses.asdict(finding) for finding in environment.examine()]


def lock() -> dict[str, Any]:
    """The environment that decides results: versions of tinyforge, Python, packages and compiler."""
    from tinyforge.pipeline import environment

    return environment.locked()


def download(name: str, folder: PathLike) -> dict[str, Any]:
    """Fetch a public set of recordings; see :func:`tinyforge.pipeline.downloads.download`."""
    from tinyforge.pipeline import downloads

    return downloads.download(downloads.find_card(name), Path(folder))
