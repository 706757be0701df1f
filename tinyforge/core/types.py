"""The nouns that stages hand to each other: frozen, slotted, compared by digest where they hold arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.facts import CaptureFacts
from tinyforge.core.windows import Windows

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int8Array = npt.NDArray[np.int8]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a recording.

    Attributes:
        name: short identifier, for instance ``ax``.
        unit: ``g``, ``m/s^2``, ``dps``, ``rad/s`` or another unit as text.
    """

    name: str
    unit: str


IMU_CHANNELS: tuple[Channel, ...] = (
    Channel("ax", "g"),
    Channel("ay", "g"),
    Channel("az", "g"),
    Channel("gx", "dps"),
    Channel("gy", "dps"),
    Channel("gz", "dps"),
)


def array_digest(*arrays: npt.NDArray[Any]) -> str:
    """SHA-256 over dtype, shape and content of the arrays, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Recording:
    """One take: what a sensor said from a start to an end.

    Attributes:
        samples: float32 [time, channel], in the units of ``channels``.
        channels: name and unit of each column.
        rate_hz: samples a second, > 0.
        label: class name; empty when unknown.
        subject: who moved; recordings of one subject never stand on both sides of a split by subject.
        session: when and where, as the recorder names it.
        board: board identifier; empty when unknown.
        dropped: how many samples are known to be lost.
        note: free text.
        sample_labels: a label for each sample, or None when ``label`` holds throughout.
        facts: how it was recorded, gaps among it; None for one that was imported.
        placement: where the sensor was worn (``wrist``, ``pocket``); empty when unknown.
        origin: what longer recording this one was cut from, or shares its moments with; those of one origin never stand
            on both sides of any split. Empty for a recording of its own.
        times_ms: float64 [time], when each sample was taken, as its source says, from any zero; None when the samples
            are evenly spaced at ``rate_hz``.
    """

    samples: Float32Array
    channels: tuple[Channel, ...]
    rate_hz: float
    label: str = ""
    subject: str = ""
    session: str = ""
    board: str = ""
    dropped: int = 0
    note: str = ""
    sample_labels: tuple[str, ...] | None = None
    facts: CaptureFacts | None = None
    placement: str = ""
    origin: str = ""
    times_ms: Float64Array | None = None

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] != len(self.channels):
            raise DataError(
                "recording",
                f"samples of shape {self.samples.shape} do not fit {len(self.channels)} channels",
                "samples must be [time, channel]",
            )
        if not self.rate_hz > 0:
            raise DataError("recording", f"rate_hz is {self.rate_hz}", "it must be above 0")
        if self.sample_labels is not None and len(self.sample_labels) != len(self.samples):
            raise DataError(
                "recording",
                f"{len(self.sample_labels)} labels for {len(self.samples)} samples",
                "give one label a sample",
            )
        if self.times_ms is not None and self.times_ms.shape != (len(self.samples),):
            raise DataError(
                "recording",
                f"times of shape {self.times_ms.shape} for {len(self.samples)} samples",
                "give one time a sample",
            )

    @property
    def duration_s(self) -> float:
        """Length in seconds: samples / rate."""
        return len(self.samples) / self.rate_hz

    @cached_property
    def digest(self) -> str:
        """SHA-256 of samples and what is said about them, without the note and how they came; the gaps count."""
        said = repr(
            (
                self.channels,
                float(self.rate_hz),  # 100 and 100.0 are one rate
                self.label,
                self.subject,
                self.session,
                self.board,
                int(self.dropped),
                self.sample_labels,
            )
        )
        if self.facts is not None and self.facts.gaps:
            said += repr(tuple((gap.before, gap.samples) for gap in self.facts.gaps))
        if self.placement or self.origin:  # so that recordings made before these existed keep their digest
            said += repr((self.placement, self.origin))
        if self.times_ms is not None:
            said += array_digest(self.times_ms)
        return hashlib.sha256((array_digest(self.samples) + said).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recording) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """How recordings are cut.

    Attributes:
        length: samples a window, >= 1.
        hop: samples from one window's start to the next, >= 1.
        channels: names of the columns used, in this order.
        rate_hz: rate the windows have; recordings of another rate are resampled.
    """

    length: int
    hop: int
    channels: tuple[str, ...]
    rate_hz: float


TRAIN, VALIDATION, TEST = 0, 1, 2
SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Windows ready for training.

    Attributes:
        windows: float32 [window, time, channel] in physical units, cut from their samples when asked for; an array
            given for them is wrapped.
        targets: int64 [window], index into ``labels``.
        labels: class names.
        groups: text [window]: the group (subject, session, recording) the split keeps together.
        recordings: text [window]: identifier of the recording each window was cut from.
        split: int8 [window]: TRAIN, VALIDATION or TEST.
        spec: how the windows were cut.
    """

    windows: Windows
    targets: IntArray
    labels: tuple[str, ...]
    groups: npt.NDArray[np.str_]
    recordings: npt.NDArray[np.str_]
    split: Int8Array
    spec: WindowSpec

    def __post_init__(self) -> None:
        given: Any = self.windows
        if isinstance(given, np.ndarray):
            object.__setattr__(self, "windows", Windows.of(given))

    def part(self, which: int) -> tuple[Float32Array, IntArray]:
        """Windows [n, time, channel], cut, and targets [n] of one side of the split."""
        windows, targets = self.side(which)
        return np.asarray(windows), targets

    def side(self, which: int) -> tuple[Windows, IntArray]:
        """As `part`, with windows that are not cut yet."""
        chosen = self.split == which
        return self.windows.take(chosen), self.targets[chosen]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the samples, where windows start in them, the other arrays, labels and spec."""
        samples = hashlib.sha256(f"{self.windows.samples.shape}".encode())
        for piece in self.windows.pieces():
            samples.update(np.ascontiguousarray(piece).data)
        arrays = array_digest(
            self.windows.starts,
            self.targets,
            self.split,
            self.groups.astype(np.str_, copy=False),
            self.recordings.astype(np.str_, copy=False),
        )
        said = samples.hexdigest() + arrays + repr((self.labels, self.spec))
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What to train.

    Attributes:
        name: identifier of this model inside a project; a C identifier.
        architecture: name of a registered architecture (``cnn1d``, ``tcn``, ``lstm``, ``gru``, ``dense``).
        parameters: the architecture's own named parameters; missing ones take its defaults.
        epochs: at most so many passes over the training windows.
        batch_size: windows a step.
        learning_rate: initial step of Adam.
        patience: epochs without a better validation loss before training stops; the weights of the best epoch are
            kept. 0: train to the end and keep the last weights.
        seed: of weights, shuffling and augmentation.
        augment: whether training windows are varied on the fly.
        augmentation: how far, by name of the variation; what is not named keeps its default.
        schedule: of the learning rate: ``cosine``, ``step`` (a tenth after 3/4 of the epochs) or ``constant``.
        class_weights: 0: every window weighs the same; 1: every class weighs the same; in between, a class of share
            s weighs s^-class_weights.
        focal: gamma of the focal loss (Lin et al. 2017, "Focal loss for dense object detection"); 0: cross-entropy.
        label_smoothing: share of the target probability that is spread over all classes.
        mixup: alpha of mixup (Zhang et al. 2018, "mixup: beyond empirical risk minimization"); 0: none.
        teachers: so many networks of other seeds are trained first, and their mean answers are nine tenths of what this
            one is taught (Hinton et al. 2015, "Distilling the knowledge in a neural network"). Training takes as many
            times longer. AUTO_TEACHERS: as many as few windows call for, see :func:`tinyforge.train.fit`.
    """

    name: str
    architecture: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 2e-3
    patience: int = 8
    seed: int = 1
    augment: bool = True
    augmentation: Mapping[str, float] = field(default_factory=dict)
    schedule: str = "cosine"
    class_weights: float = 1.0
    focal: float = 0.0
    label_smoothing: float = 0.05
    mixup: float = 0.0
    teachers: int = 0


AUTO_TEACHERS = -1
FEWEST_CLUSTERS = 3  # tfmot's limit when zeros are kept: one for zero, and one a sign


@dataclass(frozen=True, slots=True)
class CompressionPlan:
    """How to make a trained network small.

    Attributes:
        sparsity: fraction of the weights of each prunable layer set to zero, [0, 1).
        prune_epochs: epochs of fine-tuning while the sparsity grows.
        clusters: distinct weight values a layer, FEWEST_CLUSTERS to 256; 0 for no clustering.
        cluster_epochs: epochs of fine-tuning after clustering.
        calibration_windows: training windows used to choose the ranges of activations.
        pattern: which weights may be kept: ``unstructured``, ``block4``, ``2:4`` (``tinyforge.compress.patterns``).
        qat_epochs: epochs of quantization-aware training; 0 to quantize after training only.
        layers: by name of a layer, its own ``sparsity`` and ``clusters``.
        distillation: share of the float network's own probabilities in what every step trains towards, 0..1; training
            for int8 takes half at most.
    """

    sparsity: float = 0.5
    prune_epochs: int = 40
    clusters: int = 0
    cluster_epochs: int = 16
    calibration_windows: int = 256
    pattern: str = "unstructured"
    qat_epochs: int = 0
    layers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    distillation: float = 0.9

    def sparsity_of(self, layer: str) -> float:
        """Fraction of zeros in that layer's weights."""
        return float(self.layers.get(layer, {}).get("sparsity", self.sparsity))

    def clusters_of(self, layer: str) -> int:
        """Distinct values of that layer's weights; 0 for any number."""
        return int(self.layers.get(layer, {}).get("clusters", self.clusters))


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """From physical units to what the network takes; travels inside the ``.tflite`` and into the C.

    ``x_std = (raw - mean) / std`` per channel, then ``q = round(x_std / scale) + zero_point``.

    Attributes:
        mean, std: one number a channel, in the channel's unit; std > 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """How the scores of consecutive windows become an answer, on the host and on the board alike.

    Scores are probabilities in 256ths, as int8 outputs of a softmax hold them (q + 128). The scores of the latest
    windows are added up, class by class; the class with the largest sum wins, the first of equal ones. It is the answer
    if its sum is at least ``least_score`` times the number of windows added; else the answer is "unknown".

    Attributes:
        least_score: in 256ths, 0..256; 0: every window has an answer.
        smoothing: how many of the latest windows are added up, 1..32; fewer after a start or a gap.
        rest: label of the class that means "no gesture"; empty when there is none.
    """

    least_score: int = 0
    smoothing: int = 1
    rest: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a ``.tflite`` made by tinyforge says of itself (metadata entry ``TINYFORGE``, JSON).

    Attributes:
        name: C identifier.
        labels: class names in the order of the outputs.
        window: how its input windows are cut.
        channels: name and unit of each input column.
        preprocessing: applied to raw windows before quantization.
        decision: how scores become an answer.
    """

    name: str
    labels: tuple[str, ...]
    window: WindowSpec
    channels: tuple[Channel, ...]
    preprocessing: Preprocessing
    decision: Decision = Decision()


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file a stage wrote.

    Attributes:
        path: relative to the run's folder.
        sha256: of its content.
        bytes: its length.
    """

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a linked image takes on the chip.

    Attributes:
        flash_bytes: everything stored in flash, initial values of ``.data`` included.
        ram_bytes: ``.data`` + ``.bss``, without stack and heap reserves.
        stack_bytes: deepest use of the stack, measured; 0 when unknown.
        by_symbol: bytes by symbol name.
    """

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int = 0
    by_symbol: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SizeBudget:
    """Limits a model must keep on a board; None where there is no limit.

    Attributes:
        flash_bytes, ram_bytes, stack_bytes, instructions: at most so many.
        latency_us: an inference takes at most so long at the board's clock, estimated.
        accuracy, agreement: at least this share of the test windows is right; is answered as the float network does.
        exact: at least this share of the inferences equals the reference to the last bit: 1.0 for all of them.
    """

    flash_bytes: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None
    instructions: int | None = None
    latency_us: float | None = None
    accuracy: float | None = None
    agreement: float | None = None
    exact: float | None = None
