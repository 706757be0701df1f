"""The road of a project: which stage needs which, in what order, on how many cores."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tinyforge.core.project import Project
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline.environment import keep_environment
from tinyforge.pipeline.observer import Observer
from tinyforge.pipeline.projects import check_models
from tinyforge.pipeline.runs import Run, Step, all_runs, execute, open_run, project_lock

if TYPE_CHECKING:
    from tinyforge.boards import Board

MODEL_STAGES = ("train", "compress", "export", "build", "profile", "evaluate")
"""Stages of each model, in their order; each is a module of :mod:`tinyforge.pipeline.stages`."""


class StageModule(Protocol):
    """What a module of :mod:`tinyforge.pipeline.stages` has.

    It may have ``check(road, specs)`` too, which raises at once what the stage would raise after hours of work.

    Attributes:
        NEEDS: stages whose output it takes.
    """

    NEEDS: tuple[str, ...]

    def step(self, road: Road, spec: ModelSpec) -> Step | None:
        """The stage's work for one model; None where it leaves nothing in the run, and ``result`` works every time."""
        ...

    def result(self, road: Road, spec: ModelSpec) -> dict[str, Any]:
        """What the finished stage says, as plain data."""
        ...


class _Stoppable:
    """Hands everything on; once ``stop`` is set, whoever tells of progress is interrupted."""

    def __init__(self, observer: Observer, stop: threading.Event) -> None:
        self._observer = observer
        self._stop = stop

    def started(self, step: str) -> None:
        self._observer.started(step)

    def progress(self, step: str, done: float, total: float, text: str) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._observer.progress(step, done, total, text)

    def finished(self, step: str, seconds: float, *, cached: bool) -> None:
        self._observer.finished(step, seconds, cached=cached)

    def note(self, text: str) -> None:
        self._observer.note(text)


class Road:
    """One project's way through the stages, in one run's folder.

    Args:
        project: what to do.
        observer: is told.
        run_name: work in this run; empty for the one that continues.
        board_id: board instead of the project's.
        port: port instead of the project's.

    Raises:
        ConfigError: a model that cannot be built, or pruned as the project says.
    """

    def __init__(
        self, project: Project, observer: Observer, *, run_name: str = "", board_id: str = "", port: str = ""
    ) -> None:
        check_models(project)
        self.project = project
        self.stop = threading.Event()
        self.observer: Observer = _Stoppable(observer, self.stop)
        self.port = port or project.port
        self._run_name = run_name
        self._board_id = board_id
        self._run: Run | None = None
        self._runs_lock = threading.RLock()
        self._fresh: set[str] = set()

    @property
    def board(self) -> Board:
        """The board that builds, flashes and evaluations are for."""
        from tinyforge.pipeline.devices import board_of

        return board_of(self.project, self._board_id)

    @property
    def run(self) -> Run:
        """The run's folder; opened, and made, at the first use: after recording, because recordings decide which."""
        with self._runs_lock:
            if self._run is None:
                from tinyforge.pipeline.datasets import store_of

                self._run = open_run(self.project, store_of(self.project).digest(), self._run_name)
                keep_environment(self._run)
            return self._run

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the project: one tinyforge at a time."""
        with project_lock(self.project):
            yield

    # -- steps ---------------------------------------------------------------------------------------------------------

    def stage(self, name: str) -> StageModule:
        """The module of a stage."""
        module: Any = import_module(f"tinyforge.pipeline.stages.{name}")
        return module  # type: ignore[no-any-return]

    def do(self, step: Step) -> Path:
        """Bring a step up to date; its folder."""
        if self.stop.is_set():
            raise KeyboardInterrupt
        if step.name in self._fresh:  # brought up to date by this very command
            return self.run.path(step.name)
        folder = execute(self.run, step, self.observer, lambda: all_runs(self.project))
        self._fresh.add(step.name)
        return folder

    def dataset(self) -> Path:
        """The windows, cut and split: path of the ``.npz``.

        Raises:
            ConfigError: ``[compress.layers]`` names a layer that no model has; said here, before a network is trained.
        """
        from tinyforge.pipeline.stages import dataset, layers

        file = self.do(dataset.step(self)) / dataset.DATASET_FILE
        if (step := layers.step(self)) is not None:
            self.do(step)
        return file

    def up_to(self, stage: str, spec: ModelSpec) -> None:
        """Bring one model's stage and everything it needs up to date."""
        module = self.stage(stage)
        for need in module.NEEDS:
            self.up_to(need, spec)
        self._finish(module, spec)

    def _finish(self, module: StageModule, spec: ModelSpec) -> None:
        """Bring one stage up to date, what it needs being so."""
        step = module.step(self, spec)
        if step is not None:
            self.do(step)

    def specs(self, model: str) -> list[ModelSpec]:
        """The named model, or all."""
        return [self.project.model(model)] if model else list(self.project.models)

    def each(self, stage: str, model: str = "", jobs: int = 0) -> dict[str, Any]:
        """Bring a stage of one or all models up to date.

        Args:
            stage: one of MODEL_STAGES, or ``flash``.
            model: empty for all.
            jobs: models at the same time; 0 for one a core.

        Returns:
            By model: what the stage says.
        """
        specs, module = self.specs(model), self.stage(stage)
        if hasattr(module, "check"):
            module.check(self, specs)
        self.dataset()
        self.parallel([self._job(stage, spec) for spec in specs], jobs)
        return {spec.name: module.result(self, spec) for spec in specs}

    def _job(self, stage: str, spec: ModelSpec) -> Callable[[], None]:
        return lambda: self.up_to(stage, spec)

    def parallel(self, jobs: list[Callable[[], None]], workers: int) -> None:
        """Run jobs on threads (the work is in other processes); the first error stops the others and is raised."""
        import os

        count = min(len(jobs), workers or os.cpu_count() or 1)
        if count == 1:
            for job in jobs:
                job()
            return
        from tinyforge.core.worker import end_workers

        with ThreadPoolExecutor(count, thread_name_prefix="tinyforge") as pool:
            futures: list[Future[None]] = [pool.submit(job) for job in jobs]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                self.stop.set()
                for future in futures:
                    future.cancel()
                end_workers()
                raise

    # -- the whole -----------------------------------------------------------------------------------------------------

    def record(self) -> int:
        """Record from the virtual board what ``[capture]`` asks for and the dataset lacks; how many recordings."""
        from tinyforge.pipeline import captures

        if self.project.capture is None:
            return 0
        return captures.fill(self.project, self.project.capture, self.observer)

    def report(self) -> dict[str, Any]:
        """Write the report of what the run has so far; paths of its files."""
        from tinyforge.pipeline.stages import report

        folder = self.do(report.step(self))
        return {"html": str(folder / "report.html"), "json": str(folder / "report.json")}

    def whole(self, model: str = "", jobs: int = 0) -> dict[str, Any]:
        """Everything: recordings, all stages of all models, the report.

        Returns:
            ``run``, ``report``, ``report_json``, ``windows``, ``test_groups``, ``split_by`` and by model what
            :func:`tinyforge.pipeline.stages.evaluate.summary` says.
        """
        from tinyforge.pipeline.stages import evaluate

        specs = self.specs(model)  # an unknown one is said before any work
        self.record()
        self.dataset()
        self.parallel([self._whole_job(spec) for spec in specs], jobs)
        files = self.report()
        facts = (self.run.done("dataset") or {})["facts"]
        return {
            "run": str(self.run.folder),
            "report": files["html"],
            "report_json": files["json"],
            "board": self.board.id,
            "windows": facts["windows"]["test"],
            "test_groups": len(facts["groups"]["test"]),
            "split_by": self.project.dataset.split_by,
            "models": {spec.name: evaluate.summary(self, spec) for spec in specs},
        }

    def _whole_job(self, spec: ModelSpec) -> Callable[[], None]:
        def work() -> None:
            for stage in MODEL_STAGES:
                if stage == "evaluate":
                    self.stage("flash").result(self, spec)
                self._finish(self.stage(stage), spec)

        return work
