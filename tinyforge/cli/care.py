"""Commands about the machine and about what is left of a run: doctor, lock, verify-run."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import HERE, Debug, Json, ProjectDir, RunName

_LOCK = "tinyforge.lock"


def doctor(json: Json = False, debug: Debug = False) -> None:
    """Look at compilers, packages, ports and permissions, and say how to mend what is missing.

    Exit code 1 when something that is there does not work.

    Example: tinyforge doctor
    """
    import dataclasses

    from tinyforge.cli import render
    from tinyforge.pipeline import environment

    findings = environment.examine()
    faults = [finding for finding in findings if finding.state == environment.FAULT]
    if json:
        render.say_json({"ok": not faults, "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        colours = {environment.OK: "green", environment.MISSING: "yellow", environment.FAULT: "bold red"}
        for finding in findings:
            render.say(f"{finding.state:8}{finding.what}: {finding.fact}", colours[finding.state])
            if finding.way_out:
                render.say(f"        -> {finding.way_out}", "cyan")
        missing = sum(finding.state == environment.MISSING for finding in findings)
        render.say(f"{len(faults)} faults, {missing} things missing" if faults or missing else "all is well")
    if faults:
        raise typer.Exit(1)


def lock(
    out: Annotated[Path, typer.Option("--out", help="The lock file.")] = Path(_LOCK),
    check: Annotated[bool, typer.Option("--check", help="Compare with the lock; exit code 1 when it differs.")] = False,
    requirements: Annotated[
        Path | None, typer.Option("--requirements", help="Also write this requirements.txt for pip.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write down the environment that decides results: versions of packages, Python and compiler.

    Example: tinyforge lock
    """
    from tinyforge.cli import render
    from tinyforge.core.errors import ConfigError, UsageError
    from tinyforge.core.files import write_json, write_text
    from tinyforge.pipeline import environment

    now = environment.locked()
    differing: list[str] = []
    if check:
        try:
            differing = environment.differences(jsonlib.loads(out.read_text(encoding="utf-8")), now)
        except FileNotFoundError:
            raise UsageError(str(out), "no such file", "`tinyforge lock` writes it") from None
        except (ValueError, AttributeError) as error:
            raise ConfigError(str(out), f"is no lock: {error}", "`tinyforge lock` writes it anew") from error
    else:
        write_json(out, now)
    if requirements is not None:
        write_text(requirements, environment.as_requirements(now))
    if json:
        render.say_json({"lock": str(out), "differences": differing, "environment": now})
    elif check:
        for line in differing:
            render.say(line, "red")
        render.say(f"{len(differing)} differences from {out}" if differing else f"as {out} says")
    else:
        render.say(f"{out}: {len(now['packages'])} packages, Python {now['python']}")
    if differing:
        raise typer.Exit(1)


def verify_run(
    run: RunName = "latest",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Compile and build again and compare every byte; needs the same compiler.")
    ] = False,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check that a run's manifest ties recordings, network, C and image together. Exit code 1 when it does not.

    Example: tinyforge verify-run --rebuild
    """
    import dataclasses

    from tinyforge.cli import render
    from tinyforge.pipeline import projects, runs
    from tinyforge.pipeline import verify_run as verifying

    loaded = projects.load(project)
    chosen = runs.named_run(loaded, run)
    ties = verifying.verify(loaded, chosen, rebuild=rebuild)
    broken = [tie for tie in ties if not tie.ok]
    if json:
        said = {"run": str(chosen.folder), "ok": not broken, "ties": [dataclasses.asdict(tie) for tie in ties]}
        render.say_json(said)
    else:
        for tie in ties:
            render.say(f"{'ok' if tie.ok else 'BROKEN':8}{tie.what}: {tie.fact}", "" if tie.ok else "red")
            if tie.way_out:
                render.say(f"        -> {tie.way_out}", "cyan")
        render.say(f"{chosen.folder}: {len(broken)} broken" if broken else f"{chosen.folder}: all {len(ties)} hold")
    if broken:
        raise typer.Exit(1)
