"""The search: Optuna draws, the storage remembers, and several workers on one or many machines share a study.

A worker says every ``heartbeat_s`` seconds that it lives. One that has been silent for ten times as long is taken for
dead, and its trial is taken up again by whoever starts one next, in the same folder: training goes on from its last
checkpoint.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tinyforge.core.errors import CheckFailed, ConfigError, Interrupted, ToolError, UsageError
from tinyforge.core.files import write_json, write_text
from tinyforge.core.locks import try_lock
from tinyforge.core.project import PROJECT_FILE, Project
from tinyforge.search.front import Candidate, front_of
from tinyforge.search.space import Drawn, draw, to_toml
from tinyforge.search.trial import COSTS, OverBudget, evaluate

HEARTBEAT_S = 60
_SILENT = 10  # heartbeats until a worker is taken for dead
_DIRECTIONS: tuple[Literal["maximize", "minimize"], ...] = ("maximize", "minimize", "minimize")  # F1, flash, instr.
_STEP = "search"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a study has found so far.

    Attributes:
        folder: holds ``front.json``, ``front.png``, ``front.svg``, ``best.toml`` and a folder a trial.
        front: candidates that nobody beats, the best first; at least one.
        measured: trials that were trained; ``refused`` did not fit the budget or could not be.
        retried: trials of this study that were taken up again.
    """

    folder: Path
    front: tuple[Candidate, ...]
    measured: int
    refused: int
    retried: int


def search(
    project: Project,
    observer: Any,
    *,
    trials: int,
    name: str = "search",
    storage: str = "",
    heartbeat_s: int = HEARTBEAT_S,
) -> SearchResult:
    """Work on a study until it has so many finished trials; several workers may do so at once.

    Args:
        project: its ``[search]`` says what is drawn and what it may cost.
        observer: is told.
        trials: finished ones that the study shall have, those of other workers and earlier runs included.
        name: of the study.
        storage: URL of its database; empty for a SQLite file in the study's folder (never on a network disk).
        heartbeat_s: seconds between signs of life, >= 1.

    Raises:
        CheckFailed: no candidate fits; the study is kept, and goes on where there are more trials.
        ToolError: Optuna is missing, or a worker process died.
        UsageError: the storage cannot be opened.
    """
    if find_spec("optuna") is None:
        raise ToolError("searching", "needs optuna", "pip install 'tinyforge[search]'")
    folder = project.root / "search" / name
    folder.mkdir(parents=True, exist_ok=True)
    url = storage or f"sqlite:///{folder / 'study.db'}"
    with _quiet():
        study = _open(url, name, project, heartbeat_s)
        observer.started(_STEP)
        begin = time.monotonic()
        try:
            _work(study, project, observer, folder, trials, heartbeat_s)
        finally:
            result = _result(study, folder)
        observer.finished(_STEP, time.monotonic() - begin, cached=False)
        if not result.front:
            raise _nothing_fits(study, folder)
    return result


def _nothing_fits(study: Any, folder: Path) -> CheckFailed:
    """Every candidate was refused: say by how little the nearest one was, or why none could be built."""
    refused = [trial.user_attrs for trial in study.get_trials() if "refused" in trial.user_attrs]
    too_large = [one for one in refused if "over" in one]
    if too_large:
        nearest = min(too_large, key=lambda one: float(one["over"]))
        said = f"fits the budget; nearest was {nearest['drawn']['architecture']}: {nearest['refused']}"
    else:
        said = f"can be built; the last: {refused[-1]['refused']}"
    return CheckFailed(
        f"{PROJECT_FILE}: search",
        f"study {folder.name}: none of {len(refused)} candidates {said}",
        "raise the limits of [search] or name smaller architectures; then search under another --study, "
        "or with more --trials (this study is kept)",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Optuna's own lines and its notes on what is experimental stay away."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _open(url: str, name: str, project: Project, heartbeat_s: int) -> Any:
    import optuna
    import sqlalchemy.exc

    try:
        storage = optuna.storages.RDBStorage(
            url,
            heartbeat_interval=heartbeat_s,
            grace_period=_SILENT * heartbeat_s,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )
        study = optuna.create_study(storage=storage, study_name=name, directions=_DIRECTIONS, load_if_exists=True)
    except ImportError as error:
        raise UsageError(
            f"--storage {_without_password(url)}",
            "needs a database driver that is not installed",
            "for PostgreSQL: pip install 'psycopg[binary]'",
        ) from error
    except (sqlalchemy.exc.SQLAlchemyError, ValueError) as error:
        raise UsageError(
            f"--storage {_without_password(url)}",
            f"cannot be opened: {str(error).splitlines()[0]}",
            "for instance sqlite:///study.db",
        ) from error
    # workers of one study draw differently, the first one as it did before
    seed = project.models[0].seed + len(study.get_trials(deepcopy=False))
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=10)
    return study


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)


def _work(study: Any, project: Project, observer: Any, folder: Path, trials: int, heartbeat_s: int) -> None:
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.storages import fail_stale_trials

    worker = _Worker(study, project, observer, folder, trials)
    while True:
        finished, running = worker.counts()
        if finished >= trials:
            return
        if finished + running >= trials:  # others are at the last ones: wait for them, or for their silence
            observer.progress(_STEP, finished, trials, "waiting for the other workers' trials")
            time.sleep(heartbeat_s)
            fail_stale_trials(study)
            continue
        try:
            study.optimize(worker.objective, n_trials=1)
        except UpdateFinishedTrialError:
            # this worker slept so long that it was taken for dead: its trial is another's now
            observer.note(f"trial {worker.number}: was taken up by another worker")
        except (KeyboardInterrupt, Interrupted):
            worker.give_back()
            raise


class _Worker:
    """One process's part of a study."""

    def __init__(self, study: Any, project: Project, observer: Any, folder: Path, trials: int) -> None:
        self.number = -1
        self._study = study
        self._project = project
        self._observer = observer
        self._folder = folder
        self._trials = trials

    def counts(self) -> tuple[int, int]:
        """Trials that are finished (measured or refused), and that run or wait to be taken up again."""
        from optuna.trial import TrialState

        states = [trial.state for trial in self._study.get_trials(deepcopy=False)]
        return sum(s in {TrialState.COMPLETE, TrialState.PRUNED} for s in states), states.count(TrialState.RUNNING)

    def give_back(self) -> None:
        """Queue the trial that was interrupted, for whoever comes next."""
        from optuna.storages import RetryHeartbeatStaleTrialCallback
        from optuna.trial import TrialState

        for trial in self._study.get_trials(states=[TrialState.FAIL]):
            if trial.number == self.number:
                RetryHeartbeatStaleTrialCallback()(self._study, trial)

    def objective(self, trial: Any) -> tuple[float, int, int]:
        """What Optuna calls: macro-F1, flash and instructions of what it draws."""
        import optuna

        self.number = trial.number
        drawn = draw(trial, self._project)
        trial.set_user_attr("drawn", drawn.as_json())
        known = self._known(drawn)
        with self._folder_of(trial) as folder:
            try:
                found = known or evaluate(drawn, self._project, folder, self._teller(drawn))
            except (OverBudget, ConfigError) as error:
                trial.set_user_attr("refused", str(error))
                if isinstance(error, OverBudget):
                    trial.set_user_attr("over", error.times)
                raise optuna.TrialPruned(str(error)) from error
        for key, value in found.items():
            trial.set_user_attr(key, value)
        return found["macro_f1"], found["flash_bytes"], found["instructions"]

    def _known(self, drawn: Drawn) -> dict[str, Any] | None:
        """What an earlier trial of the same candidate measured."""
        from optuna.trial import TrialState

        for other in self._study.get_trials(states=[TrialState.COMPLETE]):
            if other.user_attrs["drawn"] == drawn.as_json():
                return {key: other.user_attrs[key] for key in ("macro_f1", "accuracy", "parameters", *COSTS)}
        return None

    def _teller(self, drawn: Drawn) -> Any:
        finished, _ = self.counts()
        begin = f"trial {self.number}: {drawn.spec.architecture}, "

        def told(text: str) -> None:
            self._observer.progress(_STEP, finished, self._trials, begin + text)

        return told

    @contextlib.contextmanager
    def _folder_of(self, trial: Any) -> Iterator[Path]:
        """The trial's folder: that of the first try, unless somebody is still in there."""
        from optuna.storages import RetryHeartbeatStaleTrialCallback
        from optuna.trial import TrialState

        frozen = next(one for one in self._study.get_trials(states=[TrialState.RUNNING]) if one.number == trial.number)
        first = RetryHeartbeatStaleTrialCallback.retried_trial_number(frozen)
        for number in (trial.number if first is None else first, trial.number):
            folder = self._folder / f"trial_{number:04d}"
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "lock").open("a") as stream:
                if try_lock(stream):
                    yield folder
                    return
        raise UsageError(str(self._folder), "another process works on this trial", "stop it, then search again")


def _result(study: Any, folder: Path) -> SearchResult:
    """Read the study, and write its front."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback
    from optuna.trial import TrialState

    trials = study.get_trials()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    candidates = [
        Candidate(
            trial.number,
            trial.user_attrs["macro_f1"],
            trial.user_attrs["flash_bytes"],
            trial.user_attrs["ram_bytes"],
            trial.user_attrs["instructions"],
            trial.user_attrs["drawn"],
        )
        for trial in complete
    ]
    front = front_of(candidates)
    retried = sum(RetryHeartbeatStaleTrialCallback.retried_trial_number(trial) is not None for trial in trials)
    refused = sum(trial.state == TrialState.PRUNED for trial in trials)
    if front:
        from tinyforge.train import plots

        write_json(folder / "front.json", {"front": [dataclasses.asdict(one) for one in front]})
        write_text(folder / "best.toml", to_toml(front[0].drawn, "best"))
        points = [(one.flash_bytes, one.macro_f1, one in front) for one in candidates]
        plots.pareto(points, "macro-F1 (int8, validation)", folder / "front.svg")
    return SearchResult(folder, front, len(complete), refused, retried)
