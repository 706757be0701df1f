"""The commands, in the order of the road."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli import quality, recordings
from tinyforge.cli.capture import capture, devices
from tinyforge.cli.care import doctor, lock, verify_run
from tinyforge.cli.check import check
from tinyforge.cli.compress import compress
from tinyforge.cli.downloads import download
from tinyforge.cli.firmware import firmware_app
from tinyforge.cli.live import live
from tinyforge.cli.monitor import monitor
from tinyforge.cli.options import (
    HERE,
    BoardName,
    Debug,
    Json,
    ModelName,
    Optimize,
    Port,
    ProjectDir,
    Quiet,
    RunName,
)
from tinyforge.cli.power import Busy, Idle, Marker, Meter, Volts, power
from tinyforge.cli.publish import publish
from tinyforge.cli.updates import update_app
from tinyforge.core.errors import UsageError

app = typer.Typer(
    name="tinyforge",
    help="IMU gestures from a serial port to a verified int8 network on a Cortex-M4.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: drawing it with rich takes longer than everything else together
    context_settings={"help_option_names": ["-h", "--help"]},
)

dataset_app = typer.Typer(
    help="Recordings: import, look at, check, change, export.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(dataset_app, name="dataset")
app.add_typer(firmware_app, name="firmware")
app.add_typer(update_app, name="update")

ROAD, LONE = "The road", "A model alone"


def _version(wanted: bool) -> None:
    if wanted:
        import tinyforge

        typer.echo(f"tinyforge {tinyforge.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """IMU gestures from a serial port to a verified int8 network on a Cortex-M4."""


@app.command(rich_help_panel=ROAD)
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new project.")] = HERE,
    template: Annotated[
        str,
        typer.Option(
            "--template",
            help="empty: gestures of your own; gestures: the same, of one person; police: three traffic signals; "
            "activities: a watch.",
        ),
    ] = "empty",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a tinyforge.toml that is there.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a project: tinyforge.toml and the folders.

    Example: tinyforge init police --template police
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import projects

    made = projects.init(folder, template, force=force)
    if json:
        render.say_json({"project": str(made)})
    else:
        render.say(f"made {made}")
        into = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
        record = "tinyforge capture --label wave --subject me"
        steps = {
            "police": ["tinyforge run"],
            "activities": ["tinyforge dataset import FOLDER", "tinyforge train --cv loso"],
            "gestures": [record, "tinyforge train --cv 5"],
            "empty": [record, "tinyforge run"],
        }.get(template, ["tinyforge run"])
        render.say(f"next: {', then '.join(f'`{step}`' for step in [*into, *steps])}")


app.command(rich_help_panel=ROAD)(capture)
app.command(rich_help_panel=ROAD)(devices)


@dataset_app.command("import")
def dataset_import(
    path: Annotated[Path, typer.Argument(help="File, folder or .zip with recordings.")],
    format_name: Annotated[str, typer.Option("--format", help="Force an importer; default: found by looking.")] = "",
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Samples a second, where the files do not say.")] = 0.0,
    label: Annotated[str, typer.Option("--label", help="Class of everything; default: from names, or a column.")] = "",
    label_from: Annotated[
        str, typer.Option("--label-from", help="Whose name is the class: `file`, or the `folder` a file lies in.")
    ] = "file",
    subject: Annotated[str, typer.Option("--subject", help="Who moved, where the files do not say.")] = "",
    session: Annotated[str, typer.Option("--session", help="When and where, where the files do not say.")] = "",
    take_samples: Annotated[
        int, typer.Option("--take-samples", min=0, help="Rows of one take, where the files do not separate takes.")
    ] = 0,
    units: Annotated[
        str,
        typer.Option(
            "--units", help="Unit of each column, comma separated, where the files do not say: g,g,g,dps,dps,dps"
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option("--columns", help="Name of each column, comma separated, where there are none or wrong ones."),
    ] = "",
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring recordings into the project's dataset.

    Example: tinyforge dataset import gestures.zip --rate 119 --subject martin
    """
    from tinyforge.cli import render
    from tinyforge.dataset import ImportOptions
    from tinyforge.pipeline import datasets, projects

    options = ImportOptions(
        rate_hz=rate or None,
        label=label,
        subject=subject,
        session=session,
        take_samples=take_samples,
        units=tuple(u.strip() for u in units.split(",")) if units else (),
        columns=tuple(c.strip() for c in columns.split(",")) if columns else (),
        label_from=datasets.label_source(label_from),
    )
    result = datasets.import_into(projects.load(project), path, options, format_name)
    if json:
        render.say_json(result)
        return
    rows = [(name, str(count)) for name, count in result["labels"].items()]
    render.table(
        f"imported {result['added']} recordings ({result['known']} were there already)", ("label", "recordings"), rows
    )
    for note in result["notes"]:
        render.say(f"note: {note}")
    if result["added"]:
        render.say("`tinyforge dataset undo` takes them out again")


@dataset_app.command("list")
def dataset_list(project: ProjectDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Count recordings by class and subject.

    Example: tinyforge dataset list
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import datasets, projects

    summary = datasets.summary(projects.load(project))
    if json:
        render.say_json(summary)
        return
    rows = [
        (r["label"], r["subject"] or "-", str(r["recordings"]), render.thousands(r["samples"]), str(r["dropped"]))
        for r in summary["groups"]
    ]
    columns = ("label", "subject", "recordings", "samples", "lost")
    render.table(f"{summary['recordings']} recordings, {summary['folder']}", columns, rows, numeric=columns[2:])


@app.command(rich_help_panel=ROAD)
def train(
    model: ModelName = "",
    cv: Annotated[
        str, typer.Option("--cv", help="Cross-validate by group: loso (leave one subject out) or a number of folds.")
    ] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="With --cv: folds at the same time; 0: one a core.")] = 0,
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train the project's networks, or cross-validate them: trained and compressed once for each group left out.

    Example: tinyforge train --model cnn --cv loso
    """
    from tinyforge.cli import crossval, stages

    if cv:
        crossval.show(cv, model, project, run, jobs, json=json, quiet=quiet)
    else:
        stages.train(model, project, run, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def search(
    trials: Annotated[int, typer.Option("--trials", min=1, help="Finished trials that the study shall have.")] = 30,
    study: Annotated[str, typer.Option("--study", help="Name of the study; the same name goes on with it.")] = "search",
    storage: Annotated[
        str, typer.Option("--storage", help="URL of a database that several machines share; default: a SQLite file.")
    ] = "",
    heartbeat: Annotated[
        int, typer.Option("--heartbeat", min=1, help="Seconds between signs of life; ten without one: taken for dead.")
    ] = 60,
    project: ProjectDir = HERE,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Search architecture, window and compression under the budget of [search]; run it several times to share the work.

    Example: tinyforge search --trials 40
    """
    from tinyforge.cli import search as commands

    commands.search(trials, study, storage, heartbeat, project, json=json, quiet=quiet)


app.command(rich_help_panel=ROAD)(compress)


@app.command(rich_help_panel=ROAD)
def export(
    file: Annotated[
        str, typer.Argument(help="A .tflite; default: the project's models.", metavar="[MODEL.tflite]")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the C code (with MODEL.tflite).")] = None,
    name: Annotated[str, typer.Option("--name", help="C identifier of the model; default: from the file's name.")] = "",
    runtime: Annotated[str, typer.Option("--runtime", help="aot: our C; tflm: the g_model[] header.")] = "aot",
    package: Annotated[
        str,
        typer.Option("--package", help="Wrap it for a build system: c, platformio, arduino, zephyr, cmsis-pack."),
    ] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Say what each compiler pass did.")] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="For a sliding window: compute only what new samples change, where it pays."),
    ] = False,
    hop: Annotated[
        int | None, typer.Option("--hop", help="New samples a call (with --stream); default: the model's.")
    ] = None,
    optimize: Optimize = "balanced",
    model: ModelName = "",
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model as C.

    Example: tinyforge export model.tflite --out generated/
    """
    from tinyforge.cli import lone, stages

    if hop == 0:
        raise UsageError("--hop", "0 new samples a call", "give 1 or more")
    if file:
        lone.export(
            Path(file), out, name, runtime, package, optimize, explain=explain, stream=stream, hop=hop or 0, json=json
        )
    elif stream or hop:
        raise UsageError("--stream", "is for a MODEL.tflite", "name the file, and a folder with --out")
    else:
        stages.export(model, project, run, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def build(
    model: ModelName = "",
    board: BoardName = "",
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Build the firmware with PlatformIO.

    Example: tinyforge build --board virtual
    """
    from tinyforge.cli import stages

    stages.build(model, board, project, run, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def flash(
    model: ModelName = "",
    board: BoardName = "",
    port: Port = "",
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Put the firmware on the board and ask it what it holds.

    Example: tinyforge flash --board nano33 --model cnn
    """
    from tinyforge.cli import stages

    stages.flash(model, board, port, project, run, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def evaluate(
    model: ModelName = "",
    board: BoardName = "",
    port: Port = "",
    power_source: Annotated[
        str, typer.Option("--power", help="CSV of a power meter recorded meanwhile, or the port of an INA219/INA226.")
    ] = "",
    volts: Volts = 0.0,
    meter: Meter = "",
    marker: Marker = "",
    busy: Busy = None,
    idle: Idle = None,
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Send the test windows through the board and compare with the host, bit for bit.

    Example: tinyforge evaluate --model cnn --board virtual
    """
    from tinyforge.cli import stages
    from tinyforge.pipeline.power import Reading

    reading = Reading(volts or None, meter, marker, tuple(busy or ()), tuple(idle or ()))
    stages.evaluate(model, board, port, project, run, power_source, reading, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def report(
    project: ProjectDir = HERE,
    run: RunName = "",
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare", help="Two runs instead of one: names, `previous`, `latest`, or folders.", metavar="RUN RUN"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --compare: the page to write.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write report.html and report.json of a run, or a page that compares two.

    Example: tinyforge report --compare previous latest
    """
    from tinyforge.cli import stages

    if compare is not None:
        stages.compare_runs(project, *compare, out, json=json)
    else:
        stages.report(project, run, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def run(
    board: BoardName = "",
    port: Port = "",
    model: ModelName = "",
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Models worked on at the same time; 0: one a core.")] = 0,
    project: ProjectDir = HERE,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Go the whole road: what is done already is not done again.

    Example: tinyforge run
    """
    from tinyforge.cli import stages

    stages.run(model, board, port, project, jobs, json=json, quiet=quiet)


@app.command(rich_help_panel=ROAD)
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo project.")] = Path("demo"),
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Models worked on at the same time; 0: one a core.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The whole road on the virtual board: three traffic signals, three networks, a report.

    Example: tinyforge demo
    """
    from tinyforge.cli import stages

    stages.demo(folder, jobs, json=json, quiet=quiet)


@app.command(rich_help_panel=LONE)
def verify(
    file: Annotated[Path, typer.Argument(help="A .tflite, or a folder with some.", metavar="MODEL.tflite|FOLDER")],
    inputs: Annotated[Path | None, typer.Option("--inputs", help="An .npz with `inputs` (and `outputs`).")] = None,
    on: Annotated[
        str, typer.Option("--on", help="host: C compiled here; virtual: C on the virtual Cortex-M4.")
    ] = "host",
    random: Annotated[int, typer.Option("--random", min=1, help="Random inferences when there are no inputs.")] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random inputs.")] = 1,
    optimize: Optimize = "balanced",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare a model's C code with the LiteRT reference kernels, bit for bit. Exit code 1 when they differ.

    Of a folder, every model below it, with the inputs of <model>.npz beside it where there is one; then exit code 5
    says that none differs, but that some are refused.

    Example: tinyforge verify model.tflite --on virtual
    """
    from tinyforge.cli import lone

    lone.verify(file, inputs, on, random, seed, optimize, json=json)


@app.command(rich_help_panel=LONE)
def profile(
    file: Annotated[
        Path, typer.Argument(help="A .tflite, or what profile --json said of one.", metavar="MODEL.tflite")
    ],
    board: Annotated[
        str, typer.Option("--board", help="Board identifier or a board's .toml, for times; default: virtual.")
    ] = "",
    optimize: Optimize = "balanced",
    port: Annotated[
        str,
        typer.Option("--port", help="Measure on the board at this port; its firmware: `firmware eject --link layers`."),
    ] = "",
    compare: Annotated[
        Path | None, typer.Option("--compare", help="What it was before: another .tflite, or a profile's JSON.")
    ] = None,
    flame: Annotated[Path | None, typer.Option("--flame", help="Write a flame graph: an .svg.")] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Instructions, cycles, flash, RAM and stack of one inference on the virtual Cortex-M4, layer by layer.

    Example: tinyforge profile model.tflite --flame model.svg
    """
    from tinyforge.cli import profiles

    profiles.profile(file, board, optimize, port, compare, flame, json=json)


@app.command(rich_help_panel=LONE)
def boards(json: Json = False, debug: Debug = False) -> None:
    """List the boards that are known.

    Example: tinyforge boards
    """
    from tinyforge.cli import lone

    lone.boards(json=json)


@app.command(rich_help_panel=LONE)
def operators(json: Json = False, debug: Debug = False) -> None:
    """List the TensorFlow Lite operators that the compiler knows.

    Example: tinyforge operators
    """
    from tinyforge.cli import lone

    lone.operators(json=json)


app.command(rich_help_panel=LONE)(check)
app.command(rich_help_panel=LONE)(power)
app.command(rich_help_panel=ROAD)(publish)
app.command(rich_help_panel=ROAD)(monitor)
app.command(rich_help_panel=ROAD)(live)
app.command("verify-run", rich_help_panel=ROAD)(verify_run)
app.command(rich_help_panel=LONE)(doctor)
app.command(rich_help_panel=LONE)(lock)
dataset_app.command()(download)
dataset_app.command()(quality.check)
dataset_app.command()(quality.inspect)
for _command in (
    recordings.delete,
    recordings.relabel,
    recordings.trim,
    recordings.split,
    recordings.undo,
    recordings.freeze,
    recordings.export,
):
    dataset_app.command()(_command)
