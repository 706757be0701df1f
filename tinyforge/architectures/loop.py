"""The training loop: a whole epoch is one call into TensorFlow, so that small networks do not wait for Python.

Everything an epoch draws (order, augmentation, dropout) depends on the seed and the epoch's number only. A checkpoint
after an epoch therefore is enough to go on exactly as if nothing had happened.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.network import Predictor, standardise
from tinyforge.architectures.session import keras, tensorflow
from tinyforge.core.files import write_bytes
from tinyforge.core.metrics import measure_losses
from tinyforge.core.types import TRAIN, Dataset, Float32Array, IntArray, ModelSpec, Preprocessing
from tinyforge.core.windows import Windows

Augment = Callable[[Float32Array, Sequence[str], np.random.Generator], Float32Array]
Teacher = Callable[[Float32Array], Float32Array]

EPOCH_WINDOWS = 2048  # a smaller training set is gone over several times an epoch, each time varied anew
EPOCH_MOST = 8192  # of a larger one, an epoch takes so many, drawn anew each time
_FINAL_RATE = 0.02  # of the initial learning rate, at the end of the cosine
_CLIP_NORM = 1.0
_YOUNG = 4  # epochs
_LEAST_PROBABILITY = 1e-7
_STEP_AT, _STEP_TO = 0.75, 0.1  # of the epochs, of the learning rate


@dataclass(frozen=True, eq=False)
class Examples:
    """Training windows and how an epoch is drawn from them.

    Attributes:
        windows: [n, time, channel] in physical units; cut as they are drawn.
        targets: int64 [n].
        classes: number of classes.
        preprocessing: applied after augmentation.
        channels: name of each column.
        augment: varies a batch of windows in physical units; None to leave them.
        seed: of order and augmentation.
        smoothing: share of the target probability spread over all classes.
        class_weights: see :class:`tinyforge.core.types.ModelSpec`.
        mixup: alpha of the beta distribution by which pairs of windows are mixed; 0: none.
        teacher: gives the probabilities [n, class] that standardised windows [n, time, channel] shall have; None where
            only the targets teach.
        taught: share of the teacher in the target probabilities (Hinton et al. 2015, "Distilling the knowledge in a
            neural network").
    """

    windows: Windows
    targets: IntArray
    classes: int
    preprocessing: Preprocessing
    channels: Sequence[str]
    augment: Augment | None
    seed: int
    smoothing: float = 0.05
    class_weights: float = 1.0
    mixup: float = 0.0
    teacher: Teacher | None = None
    taught: float = 0.0

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        spec: ModelSpec,
        preprocessing: Preprocessing,
        augment: Augment | None,
        seed: int,
    ) -> Examples:
        """The training windows of ``dataset``, drawn as ``spec`` says."""
        windows, targets = dataset.side(TRAIN)
        return cls(
            windows,
            targets,
            len(dataset.labels),
            preprocessing,
            dataset.spec.channels,
            augment,
            seed,
            spec.label_smoothing,
            spec.class_weights,
            spec.mixup,
        )

    @property
    def repeats(self) -> int:
        """How often an epoch goes over the windows."""
        return max(1, round(EPOCH_WINDOWS / len(self.windows)))

    @property
    def per_epoch(self) -> int:
        """Windows an epoch."""
        return min(self.repeats * len(self.windows), EPOCH_MOST)

    def weights(self) -> npt.NDArray[np.float64]:
        """Weight of each class: its share to the power of -class_weights; mean 1 over the windows."""
        counts = np.bincount(self.targets, minlength=self.classes).astype(np.float64)
        weights = np.where(counts > 0, np.maximum(counts, 1) ** -self.class_weights, 0.0)
        balanced: npt.NDArray[np.float64] = weights * len(self.targets) / (weights * counts).sum()
        return balanced

    def epoch(self, number: int) -> tuple[Float32Array, Float32Array, Float32Array]:
        """What epoch ``number`` trains on, in order: windows, target probabilities, weights."""
        rng = np.random.default_rng([self.seed, number])
        rounds, orders = [], []
        for _ in range(self.repeats):
            order = rng.permutation(len(self.windows))[:EPOCH_MOST]
            drawn = self.windows[order]
            if self.augment is not None:
                drawn = np.asarray(self.augment(drawn, self.channels, rng), np.float32)
            rounds.append(standardise(drawn, self.preprocessing))
            orders.append(order)
        targets = self.targets[np.concatenate(orders)]
        hot = np.full((len(targets), self.classes), self.smoothing / self.classes, np.float32)
        hot[np.arange(len(targets)), targets] += np.float32(1.0 - self.smoothing)
        windows, weights = np.concatenate(rounds), self.weights()[targets].astype(np.float32)
        if self.mixup:
            windows, hot, weights = self._mixed(windows, hot, weights, rng)
        if self.teacher is not None:
            hot = np.float32(1.0 - self.taught) * hot + np.float32(self.taught) * self.teacher(windows)
        return windows, hot, weights

    def _mixed(
        self, windows: Float32Array, hot: Float32Array, weights: Float32Array, rng: np.random.Generator
    ) -> tuple[Float32Array, Float32Array, Float32Array]:
        """Each window with a share of another one, its target and weight likewise."""
        share = rng.beta(self.mixup, self.mixup, len(windows)).astype(np.float32)
        other = rng.permutation(len(windows))

        def mix(values: Float32Array) -> Float32Array:
            by_window = share.reshape(-1, *[1] * (values.ndim - 1))
            mixed: Float32Array = by_window * values + (np.float32(1) - by_window) * values[other]
            return mixed

        return mix(windows), mix(hot), mix(weights)


class Stepper:
    """Adam on weighted cross-entropy, one call an epoch.

    Args:
        model: outputs probabilities.
        batch_size: windows a step; the last, shorter batch of an epoch is left out.
        averaging: share of the past in the running average of the weights, taken after each epoch; 0 for none.
            (Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".)
        focal: gamma of the focal loss; 0: cross-entropy.
    """

    def __init__(self, model: Any, batch_size: int, averaging: float = 0.0, focal: float = 0.0) -> None:
        tf = tensorflow()
        self._model = model
        self._batch = batch_size
        self._averaging = averaging
        self._average: list[npt.NDArray[Any]] = []
        self._optimizer = keras().optimizers.Adam(1e-3, global_clipnorm=_CLIP_NORM)
        trained = _once(model.trainable_variables)
        self._optimizer.build(trained)
        shape = (batch_size, *model.input_shape[1:])
        classes = model.output_shape[-1]

        def step(x: Any, y: Any, w: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                p = model(x, training=True)
                if focal:
                    p_safe = tf.clip_by_value(p, _LEAST_PROBABILITY, 1.0)
                    losses = -tf.reduce_sum(y * (1.0 - p) ** focal * tf.math.log(p_safe), axis=-1)
                else:
                    losses = keras().losses.categorical_crossentropy(y, p)
                loss = tf.reduce_mean(w * losses)
            gradients = tape.gradient(loss, trained)
            self._optimizer.apply_gradients(zip(gradients, trained, strict=True))
            right = tf.reduce_sum(tf.cast(tf.argmax(p, -1) == tf.argmax(y, -1), tf.float32))
            return loss, right

        def epoch(x: Any, y: Any, w: Any) -> tuple[Any, Any]:
            loss = tf.constant(0.0)
            right = tf.constant(0.0)
            for k in tf.range(tf.shape(x)[0] // batch_size):
                part = slice(k * batch_size, (k + 1) * batch_size)
                one, hits = step(
                    tf.ensure_shape(x[part], shape),
                    tf.ensure_shape(y[part], (batch_size, classes)),
                    tf.ensure_shape(w[part], (batch_size,)),
                )
                loss += one
                right += hits
            return loss, right

        self._epoch = tf.function(epoch, reduce_retracing=True)

    def run(self, x: Float32Array, y: Float32Array, w: Float32Array, learning_rate: float) -> tuple[float, float]:
        """Train on [n] windows in order; mean loss and accuracy over them, as they were while training."""
        self._optimizer.learning_rate.assign(learning_rate)
        steps = len(x) // self._batch
        loss, right = self._epoch(x, y, w)
        if self._averaging:
            now = [variable.numpy() for variable in self._averaged()]
            epoch = int(self._optimizer.iterations) // steps - 1
            share = np.float32(past_share(self._averaging, epoch))
            pairs = zip(self._average or now, now, strict=True)
            self._average = [share * past + (np.float32(1) - share) * one for past, one in pairs]
        return float(loss) / steps, float(right) / (steps * self._batch)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """While this lasts, the model has the averaged weights."""
        kept = [variable.numpy() for variable in self._averaged()]
        _assign(self._averaged(), self._average or kept)
        try:
            yield
        finally:
            _assign(self._averaged(), kept)

    def state(self) -> list[npt.NDArray[Any]]:
        """Weights, everything the optimizer remembers, and the average: arrays [...] like their variables."""
        return [*(variable.numpy() for variable in self._variables()), *self._average]

    def restore(self, state: list[npt.NDArray[Any]]) -> None:
        """Go back to what :meth:`state` gave, its arrays [...] in that order."""
        variables = self._variables()
        _assign(variables, state[: len(variables)])
        self._average = state[len(variables) :]

    def _averaged(self) -> list[Any]:
        return [variable for variable in self._model.variables if variable.dtype.is_floating]

    def _variables(self) -> list[Any]:
        return [*self._model.variables, *self._optimizer.variables]


def _assign(variables: Sequence[Any], values: Sequence[npt.NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _once(variables: Sequence[Any]) -> list[Any]:
    """The same variables without repetitions: a wrapped layer may list one twice."""
    seen: set[int] = set()
    return [one for one in variables if not (id(one) in seen or seen.add(id(one)))]  # type: ignore[func-returns-value]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One row of the learning curve; losses in nats, accuracies in 0..1."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


@dataclass
class Course:
    """How a training went.

    Attributes:
        rows: one an epoch.
        best_epoch: index of the epoch whose weights are kept; -1 before the first.
        best_weights: of the deployed network, at that epoch.
        resumed_at: epochs that came from a checkpoint.
    """

    rows: list[Epoch] = field(default_factory=list)
    best_epoch: int = -1
    best_weights: list[npt.NDArray[Any]] = field(default_factory=list)
    resumed_at: int = 0


def run_epochs(
    stepper: Stepper,
    deployed: Any,
    settle: Callable[[], None],
    examples: Examples,
    validation: tuple[Float32Array, IntArray],
    *,
    epochs: int,
    learning_rate: float,
    patience: int,
    schedule: str = "cosine",
    eligible_from: int = 0,
    on_epoch: Callable[[Epoch, int], None] | None = None,
    checkpoint: Path | None = None,
    checkpoint_every_s: float = 1.0,
    key: str = "",
) -> Course:
    """Train; stop early; leave the best weights (without patience: the last ones) in ``deployed``.

    Args:
        stepper: trains its network.
        deployed: the network that is measured and kept.
        settle: carries the trained weights to ``deployed``.
        validation: raw windows [n, time, channel] and targets [n].
        patience: epochs without a better validation loss before training stops; 0: to the end, for the last weights.
        schedule: of the learning rate, see :class:`tinyforge.core.types.ModelSpec`.
        eligible_from: the first epoch whose weights may be kept.
        on_epoch: called with each row and the number of epochs.
        checkpoint: file that takes the state after an epoch, at most every ``checkpoint_every_s`` seconds; a state of
            the same ``key`` found there is taken up.
        key: digest of everything that decides the result.
    """
    predict = Predictor(deployed)
    x_val = standardise(validation[0], examples.preprocessing)
    course = _take_up(stepper, checkpoint, key)
    saved_at = monotonic()
    for number in range(len(course.rows), epochs):
        if patience and course.best_epoch >= 0 and number - 1 - course.best_epoch >= patience:
            break
        rate = learning_rate * rate_share(schedule, number, epochs)
        loss, accuracy = stepper.run(*examples.epoch(number), rate)
        settle()
        val_loss, val_accuracy = measure_losses(predict(x_val), validation[1])
        row = Epoch(number, rate, loss, accuracy, val_loss, val_accuracy)
        course.rows.append(row)
        best = course.rows[course.best_epoch].val_loss if course.best_epoch >= 0 else math.inf
        if number >= eligible_from and (val_loss < best or course.best_epoch < 0 or not patience):
            course.best_epoch = number
            course.best_weights = deployed.get_weights()
        if on_epoch is not None:
            on_epoch(row, epochs)
        if checkpoint is not None and monotonic() - saved_at >= checkpoint_every_s:
            _leave(stepper, course, checkpoint, key)
            saved_at = monotonic()
    if course.best_weights:
        deployed.set_weights(course.best_weights)
    else:
        settle()
    return course


def past_share(averaging: float, epoch: int) -> float:
    """Share of the past in a running average, in epoch n at most n / (n + 4): a young average forgets the start."""
    return min(averaging, epoch / (epoch + _YOUNG))


def rate_share(schedule: str, number: int, epochs: int) -> float:
    """Share of the learning rate that epoch ``number`` of ``epochs`` is trained with.

    Args:
        schedule: ``cosine``: down to 2 % along half a cosine; ``step``: a tenth after 3/4 of the epochs; ``constant``.
    """
    if schedule == "cosine":
        return _FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * number / max(1, epochs)))
    return _STEP_TO if schedule == "step" and number >= _STEP_AT * epochs else 1.0


def _leave(stepper: Stepper, course: Course, checkpoint: Path, key: str) -> None:
    state = stepper.state()
    said = {"key": key, "rows": [asdict(row) for row in course.rows], "best_epoch": course.best_epoch}
    arrays = {f"state{i}": value for i, value in enumerate(state)}
    arrays |= {f"best{i}": value for i, value in enumerate(course.best_weights)}
    parcel = io.BytesIO()
    np.savez(parcel, said=np.array(json.dumps(said)), **arrays)  # type: ignore[arg-type]
    write_bytes(checkpoint, parcel.getvalue())


def _take_up(stepper: Stepper, checkpoint: Path | None, key: str) -> Course:
    if checkpoint is None or not checkpoint.is_file():
        return Course()
    with np.load(checkpoint, allow_pickle=False) as parcel:
        said = json.loads(str(parcel["said"]))
        if said["key"] != key:
            return Course()
        state = [parcel[f"state{i}"] for i in range(sum(name.startswith("state") for name in parcel.files))]
        best = [parcel[f"best{i}"] for i in range(sum(name.startswith("best") for name in parcel.files))]
    stepper.restore(state)
    rows = [Epoch(**row) for row in said["rows"]]
    return Course(rows, said["best_epoch"], best, len(rows))
