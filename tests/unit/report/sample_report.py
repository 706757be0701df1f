"""A run as the pipeline would hand it over: three networks, one of them recurrent, on the virtual board."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np

from tinyforge.evaluate.rungs import Rung, compare_rungs, report_to_json
from tinyforge.report.data import (
    Arena,
    ArenaSlot,
    ArtifactRow,
    BoardRow,
    BudgetRow,
    Curve,
    DatasetSummary,
    Evaluation,
    LayerRow,
    Marker,
    Network,
    PlanPoint,
    ReportData,
    Series,
    Share,
    Signal,
    SizeStep,
    SubjectRow,
)
from tinyforge.report.memory import region

LABELS = ("accelerate", "rest", "slow_down", "stop")
CHANNELS = (("ax", "g"), ("ay", "g"), ("az", "g"), ("gx", "dps"), ("gy", "dps"), ("gz", "dps"))
SCALE, ZERO = 1 / 256, -128


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def evaluation(seed: int, error_rate: float, *, board: bool = True) -> Evaluation:
    generator = np.random.default_rng(seed)
    windows = 612
    targets = np.arange(windows) % 4
    groups = np.array([f"person{k}" for k in range(5)])[np.arange(windows) * 5 // windows]
    logits = generator.normal(0, 0.4, (windows, 4))
    logits[np.arange(windows), targets] += 3.5
    wrong = generator.random(windows) < error_rate * np.where(groups == "person3", 3, 0.5)
    logits[wrong, (targets[wrong] + generator.integers(1, 3, int(wrong.sum()))) % 4] += 4.5
    scores = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    pruned = np.clip(scores + generator.normal(0, 0.03, scores.shape), 0, 1).astype(np.float32)
    int8 = np.clip(np.round(pruned / SCALE) + ZERO, -128, 127).astype(np.int8)
    rungs = [
        Rung("float", "float", scores),
        Rung("compressed", "float", pruned),
        Rung("int8", "int8", int8, scale=SCALE, zero_point=ZERO),
        Rung("host_c", "int8", int8.copy(), scale=SCALE, zero_point=ZERO),
    ]
    if board:
        rungs.append(
            Rung(
                "board",
                "int8",
                int8.copy(),
                scale=SCALE,
                zero_point=ZERO,
                mismatched_inputs=np.array([], np.int64),
            )
        )
    return Evaluation.from_document(report_to_json(compare_rungs(rungs, targets, LABELS, groups=groups)))


def curves(seed: int, epochs: int) -> tuple[Curve, ...]:
    generator = np.random.default_rng(seed)
    steps = np.arange(epochs)
    bumps = np.where(steps > epochs * 0.7, 0.08 * np.exp(-(steps - epochs * 0.7) / 3), 0)
    train = 1.35 * np.exp(-steps / 6) + 0.06 + generator.normal(0, 0.01, epochs) + bumps
    valid = 1.3 * np.exp(-steps / 6.5) + 0.11 + generator.normal(0, 0.02, epochs) + bumps
    markers = (Marker(round(epochs * 0.7) + 1, "pruning starts"),)
    return (
        Curve("loss", (Series("train", tuple(train.tolist())), Series("validation", tuple(valid.tolist()))), markers),
        Curve(
            "accuracy",
            (
                Series("train", tuple(np.clip(1 - train * 0.45, 0, 1).tolist())),
                Series("validation", tuple(np.clip(1 - valid * 0.42, 0, 1).tolist())),
            ),
            markers,
            share=True,
        ),
    )


def sizes(first: int, linked: int, accuracy: float) -> tuple[SizeStep, ...]:
    def share(value: float) -> Share:
        return Share(value, value - 0.02, value + 0.01, round(value * 612), 612)

    weights = first // 6
    return (
        SizeStep("Keras file", first, round(first * 0.9), weights, weights, share(accuracy)),
        SizeStep(
            "pruned, Keras file", round(first * 0.62), round(first * 0.31), weights, weights // 2, share(accuracy)
        ),
        SizeStep("pruned, float .tflite", round(first * 0.36), round(first * 0.24), weights, weights // 2),
        SizeStep(
            "pruned, int8 .tflite", round(first * 0.14), round(first * 0.1), weights, weights // 2, share(accuracy)
        ),
        SizeStep("linked flash, whole image", linked, in_flash=True),
    )


def memory(name: str, weights: int, layers: tuple[str, ...], arena_bytes: int, state: int):
    flash = {f"{layer}_weights": weights // len(layers) for layer in layers}
    flash |= {f"{layer}_bias": 64 for layer in layers}
    flash |= {"tfg_conv_1d_s8": 612, "tfg_fully_connected_s8": 388, "tfg_softmax_s8": 720, f"{name}_invoke": 212}
    flash |= {f"{name}_preprocess": 180, "tfw_app_run": 2210, "tfw_link_poll": 1820, "memcpy": 128, "vectors": 256}
    ram = {"arena": arena_bytes, "tfw_rx_buffer": 1024, "tfw_window": 2400, "tfw_queue": 1536}
    if state:
        ram["lstm0_state"] = state
    shared = {"model": name, "layers": layers, "states": ("lstm0_state",)}
    return (
        region("flash", sum(flash.values()) + 940, flash, capacity_bytes=1_048_576, **shared),
        region("RAM", sum(ram.values()) + 96, ram, capacity_bytes=262_144, stack_bytes=744, **shared),
    )


def cnn() -> Network:
    layers = (
        LayerRow(0, "conv_1d", "conv0", (50, 6), (50, 16), 24_000, 640, 41_200, 49_900),
        LayerRow(1, "max_pool_1d", "pool0", (50, 16), (25, 16), 0, 0, 2_950, 3_800),
        LayerRow(2, "conv_1d", "conv1", (25, 16), (25, 24), 28_800, 1_344, 43_100, 51_700),
        LayerRow(3, "max_pool_1d", "pool1", (25, 24), (12, 24), 0, 0, 2_100, 2_700),
        LayerRow(4, "mean", "mean0", (12, 24), (24,), 0, 0, 1_240, 1_500),
        LayerRow(5, "fully_connected", "dense0", (24,), (32,), 768, 896, 1_480, 1_790),
        LayerRow(6, "fully_connected", "dense1", (32,), (4,), 128, 144, 310, 390),
        LayerRow(7, "softmax", "softmax0", (4,), (4,), 0, 1_024, 420, 560),
    )
    arena = Arena(
        1_400,
        1_400,
        2,
        tuple(layer.op for layer in layers),
        (
            ArenaSlot("conv0_out", 0, 800, 0, 1),
            ArenaSlot("pool0_out", 1_000, 400, 1, 2),
            ArenaSlot("conv1_out", 0, 600, 2, 3),
            ArenaSlot("conv1_scratch", 600, 384, 2, 2),
            ArenaSlot("pool1_out", 600, 288, 3, 4),
            ArenaSlot("mean0_out", 0, 24, 4, 5),
            ArenaSlot("dense0_out", 24, 32, 5, 6),
            ArenaSlot("dense1_out", 0, 4, 6, 7),
        ),
    )
    return Network(
        name="cnn",
        architecture="cnn1d",
        parameters=2_980,
        evaluation=evaluation(1, 0.02),
        sizes=sizes(61_148, 12_310, 0.985),
        curves=curves(1, 34),
        flash_bytes=12_310,
        ram_bytes=6_456,
        stack_bytes=744,
        macs=53_696,
        instructions=92_800,
        cycles=112_340,
        latency_us=4_494.0,
        memory=memory("cnn", 3_100, ("conv0", "conv1", "dense0", "dense1"), 1_400, 0),
        arena=arena,
        layers=layers,
        plans=(
            PlanPoint("int8", Share(0.98, 0.965, 0.989), 17_120, 6_456, 118_300),
            PlanPoint("80 % zeros, 16 clusters", Share(0.962, 0.944, 0.975), 9_870, 6_440, 88_100),
        ),
        budget=(
            BudgetRow("flash_bytes", "B", 16_384, 12_310, ok=True),
            BudgetRow("ram_bytes", "B", 8_192, 6_456, ok=True),
            BudgetRow("stack_bytes", "B", 1_024, 744, ok=True),
            BudgetRow("instructions", "instructions", 120_000, 92_800, ok=True),
        ),
    )


def lstm() -> Network:
    layers = (
        LayerRow(0, "lstm", "lstm0", (50, 6), (50, 32), 243_200, 5_680, 512_300, 601_000),
        LayerRow(1, "strided_slice", "slice0", (50, 32), (32,), 0, 0, 140, 190),
        LayerRow(2, "fully_connected", "dense0", (32,), (4,), 128, 144, 310, 390),
        LayerRow(3, "softmax", "softmax0", (4,), (4,), 0, 1_024, 420, 560),
    )
    return Network(
        name="lstm",
        architecture="lstm",
        parameters=5_124,
        evaluation=evaluation(2, 0.035),
        sizes=sizes(84_020, 17_900, 0.967),
        curves=curves(2, 40),
        flash_bytes=17_900,
        ram_bytes=7_020,
        stack_bytes=812,
        macs=243_328,
        instructions=513_170,
        cycles=602_140,
        latency_us=24_085.0,
        memory=memory("lstm", 5_900, ("lstm0", "dense0"), 1_700, 96),
        arena=Arena(
            1_700,
            1_640,
            0,
            tuple(layer.op for layer in layers),
            (
                ArenaSlot("lstm0_out", 0, 1_600, 0, 1),
                ArenaSlot("lstm0_scratch", 1_600, 100, 0, 0),
                ArenaSlot("slice0_out", 1_600, 32, 1, 2),
                ArenaSlot("dense0_out", 0, 4, 2, 3),
            ),
        ),
        layers=layers,
    )


def dense() -> Network:
    layers = (
        LayerRow(0, "fully_connected", "dense0", (300,), (64,), 19_200, 19_456, 30_100, 36_000),
        LayerRow(1, "fully_connected", "dense1", (64,), (32,), 2_048, 2_176, 3_400, 4_100),
        LayerRow(2, "fully_connected", "dense2", (32,), (4,), 128, 144, 310, 390),
        LayerRow(3, "softmax", "softmax0", (4,), (4,), 0, 1_024, 420, 560),
    )
    return Network(
        name="dense",
        architecture="dense",
        parameters=21_476,
        evaluation=evaluation(3, 0.08),
        sizes=sizes(271_400, 31_800, 0.921),
        curves=curves(3, 28),
        flash_bytes=31_800,
        ram_bytes=5_160,
        stack_bytes=700,
        macs=21_376,
        instructions=34_230,
        cycles=41_050,
        latency_us=1_642.0,
        memory=memory("dense", 21_700, ("dense0", "dense1", "dense2"), 96, 0),
        arena=Arena(
            96,
            96,
            1,
            tuple(layer.op for layer in layers),
            (
                ArenaSlot("dense0_out", 0, 64, 0, 1),
                ArenaSlot("dense1_out", 64, 32, 1, 2),
                ArenaSlot("dense2_out", 0, 4, 2, 3),
            ),
        ),
        layers=layers,
    )


def signals() -> tuple[Signal, ...]:
    generator = np.random.default_rng(9)
    time = np.arange(150) / 100
    found = []
    for number, label in enumerate(LABELS):
        speed = (1.4, 0.0, 0.8, 0.3)[number]
        waves = [
            math.copysign(0.6, 0.5 - channel % 2) * np.sin(2 * np.pi * speed * time + channel)
            + (1.0 if channel == 2 else 0.0)
            + generator.normal(0, 0.03, 150)
            for channel in range(3)
        ]
        turns = [
            120 * speed * np.cos(2 * np.pi * speed * time + channel) + generator.normal(0, 4, 150)
            for channel in range(3)
        ]
        found.append(Signal(label, "person1", 100.0, CHANNELS, tuple(tuple(wave.tolist()) for wave in waves + turns)))
    return tuple(found)


def full() -> ReportData:
    subjects = tuple(
        SubjectRow(
            f"person{k}",
            "test" if k < 5 else "validation" if k < 8 else "train",
            tuple(4 + (k + c) % 3 for c in range(4)),
            122 + 7 * (k % 4),
        )
        for k in range(20)
    )
    return ReportData(
        title="traffic police",
        run="20261121T091502Z_demo",
        created="2026-11-21 09:15 UTC",
        version="0.1.0",
        board=BoardRow(
            "virtual", "Virtual Cortex-M4 (MPS2 AN386 map)", "cortex-m4", 25_000_000, 1_048_576, 262_144, virtual=True
        ),
        networks=(cnn(), lstm(), dense()),
        dataset=DatasetSummary(
            LABELS,
            subjects,
            rate_hz=100.0,
            window_length=50,
            window_hop=25,
            channels=CHANNELS,
            duration_s=1_260.0,
            digest=digest("dataset"),
            signals=signals(),
        ),
        environment=(
            ("Python", "3.11.2"),
            ("TensorFlow", "2.21.0"),
            ("LiteRT", "2.3.0"),
            ("C compiler", "arm-none-eabi-gcc 12.2.1 (/usr/bin/arm-none-eabi-gcc)"),
            ("machine", "Linux x86_64, 2 cores"),
        ),
        artifacts=tuple(
            ArtifactRow(path, digest(path), 1_000 * (i + 3))
            for i, path in enumerate(("compress/cnn/cnn.tflite", "export/cnn/cnn.c", "build/cnn/firmware.elf"))
        ),
    )


def without_board() -> ReportData:
    """Before there was a board: floats and int8 only."""
    data = full()
    networks = tuple(
        replace(
            network,
            evaluation=evaluation(4 + i, 0.03, board=False),
            flash_bytes=None,
            ram_bytes=None,
            stack_bytes=None,
            instructions=None,
            cycles=None,
            latency_us=None,
            memory=(),
            plans=(),
            sizes=network.sizes[:-1],
            budget=(),
            layers=tuple(replace(layer, instructions=None, cycles=None) for layer in network.layers),
        )
        for i, network in enumerate(data.networks)
    )
    return replace(data, board=None, networks=networks)


def broken() -> ReportData:
    """The board answers one class whatever happens, and the image has grown over its budget."""
    data = full()
    windows = 612
    targets = np.arange(windows) % 4
    good = np.full((windows, 4), -120, np.int8)
    good[np.arange(windows), targets] = 100
    bad = np.full((windows, 4), -120, np.int8)
    bad[:, 0] = 90
    rungs = [
        Rung("float", "float", good.astype(np.float32)),
        Rung("int8", "int8", good),
        Rung("board", "int8", bad, mismatched_inputs=np.arange(windows)),
    ]
    document = report_to_json(compare_rungs(rungs, targets, LABELS))
    first = replace(
        data.networks[0],
        evaluation=Evaluation.from_document(document),
        budget=(
            BudgetRow("flash_bytes", "B", 12_000, 12_310, ok=False),
            BudgetRow("instructions", "", None, 92_800, ok=True),
        ),
    )
    return replace(data, networks=(first, *data.networks[1:]), notes=("Recorded with firmware 0.1.0.",))


HOSTILE = "<script>alert(1)</script>\"'&</style><img src=//evil.example/x onerror=alert(1)>"


def hostile() -> ReportData:
    """Every text is an attack, and every name is long."""
    data = full()
    labels = (HOSTILE, "a" * 300, "\u202eright to left", "</title>")
    networks = tuple(
        replace(
            network,
            name=HOSTILE if i == 0 else network.name,
            architecture=HOSTILE,
            evaluation=replace(network.evaluation, labels=labels) if network.evaluation is not None else None,
            sizes=tuple(replace(step, name=HOSTILE) for step in network.sizes),
            curves=tuple(
                replace(
                    curve,
                    name=HOSTILE,
                    series=tuple(replace(line, name=HOSTILE) for line in curve.series),
                    markers=(Marker(3, HOSTILE),),
                )
                for curve in network.curves
            ),
            layers=tuple(replace(layer, op=HOSTILE, name=HOSTILE) for layer in network.layers),
            arena=replace(
                network.arena,
                ops=tuple(HOSTILE for _ in network.arena.ops),
                slots=tuple(replace(slot, name=HOSTILE) for slot in network.arena.slots),
            )
            if network.arena is not None
            else None,
        )
        for i, network in enumerate(data.networks)
    )
    assert data.dataset is not None
    return replace(
        data,
        title=HOSTILE,
        run=HOSTILE,
        created=HOSTILE,
        version=HOSTILE,
        board=BoardRow(HOSTILE, HOSTILE, HOSTILE),
        networks=networks,
        dataset=replace(
            data.dataset,
            labels=labels,
            subjects=tuple(replace(row, subject=HOSTILE, split=HOSTILE) for row in data.dataset.subjects),
            group_name=HOSTILE,
            signals=tuple(
                replace(signal, label=HOSTILE, channels=((HOSTILE, HOSTILE),) * 6) for signal in data.dataset.signals
            ),
        ),
        environment=((HOSTILE, HOSTILE),),
        artifacts=(ArtifactRow(HOSTILE, HOSTILE, 1),),
        notes=(HOSTILE,),
    )
