"""What can be done with a ``.tflite`` that belongs to no project: export, verify, profile."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import ModelFormatError, ToolError, UsageError, did_you_mean
from tinyforge.core.names import c_identifier

if TYPE_CHECKING:
    from tinyforge.boards import Board
    from tinyforge.compiler import Goal
    from tinyforge.core.graph import Compiled
    from tinyforge.core.types import Int8Array
    from tinyforge.evaluate.litert import Ports
    from tinyforge.toolchain import Image

RUNTIMES = ("aot", "tflm")


def compile_file(path: Path, name: str = "", optimize: str = "balanced") -> Compiled:
    """Read, check and compile a ``.tflite``.

    Args:
        path: the file.
        name: C identifier; empty for the one made from the file's name.
        optimize: ``speed``, ``size`` or ``balanced``: what a faster form of a kernel may cost.

    Raises:
        ModelFormatError: no model, or a damaged one.
        UnsupportedModelError: naming operator, tensor and way out.
        UsageError: the name is no C identifier, there is no such file, or no such goal.
    """
    from tinyforge.compiler import compile_model

    goal = goal_of(optimize)
    if name and c_identifier(name) != name:
        raise UsageError("--name", f'"{name}" is no C identifier', f"for instance --name {c_identifier(name)}")
    data = _read(path)
    return compile_model(data, name=name or c_identifier(path.stem), place=str(path), goal=goal)


def goal_of(optimize: str) -> Goal:
    """``speed``, ``size`` or ``balanced``; anything else is a UsageError."""
    from tinyforge.compiler import Goal

    goals = [goal.value for goal in Goal]
    if optimize not in goals:
        raise UsageError("--optimize", f'"{optimize}": unknown goal', did_you_mean(optimize, goals))
    return Goal(optimize)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(str(path), "no such file", "give the path of a .tflite") from None
    except IsADirectoryError:
        raise ModelFormatError(str(path), "is a folder", "give the path of a .tflite") from None
    except OSError as error:
        raise UsageError(str(path), f"cannot be read: {error.strerror}", "check path and permissions") from error


def export(
    path: Path,
    out: Path,
    *,
    name: str = "",
    runtime: str = "aot",
    package: str = "",
    optimize: str = "balanced",
    link: bool = False,
    stream: bool = False,
    hop: int = 0,
    whole: bool = False,
) -> dict[str, Any]:
    """Write a model as C: everything needed to call it, and ``manifest.json``.

    Args:
        path: a ``.tflite``.
        out: folder; made when it is missing. Files of the same names are overwritten.
        name: C identifier; empty for the one made from the file's name.
        runtime: ``aot``: C of our own; ``tflm``: the array ``g_model[]`` for TensorFlow Lite Micro.
        package: wrapped for this build system (``tinyforge.runtimes.package.list_packages``); empty for the C alone.
        optimize: as :func:`compile_file` takes it.
        link: link an image for a Cortex-M4 to see what the model takes there (:func:`linked_cost`).
        stream: for a window that slides: the C takes the new samples and computes what they change, where that pays.
        hop: new samples a call; 0 for the hop that the model was trained for.
        whole: with ``stream``, the function for whole windows stays, and that for new samples stands beside it, as
            firmware has them.

    Returns:
        ``name``, ``function``, ``header``, ``macs``, ``weight_bytes``, ``parameter_bytes``, ``arena_bytes``,
        ``state_bytes``, ``lower_bound_bytes``, ``package``, ``files``, ``states`` (names), ``explain`` (what each
        pass of the compiler did), ``manifest`` (its path, empty where it is inside of an archive), ``layers``,
        ``plan``, ``linked`` (empty without ``link``), ``stream`` (``hop``, ``length``, ``window_macs`` where it
        streams, else empty), ``stream_says`` (with ``stream`` or ``hop``: what it saves, or why it does not pay; else
        empty).

    Raises:
        ModelFormatError, UnsupportedModelError: nothing is written then.
        UsageError: unknown runtime or package, or the folder cannot be written.
    """
    from tinyforge.compiler.streaming import said_of
    from tinyforge.runtimes import get_runtime
    from tinyforge.runtimes.base import MANIFEST_NAME
    from tinyforge.runtimes.package import list_packages, write_package

    if runtime not in RUNTIMES:
        raise UsageError("--runtime", f'"{runtime}": unknown runtime', did_you_mean(runtime, RUNTIMES))
    if package and package not in list_packages():
        raise UsageError("--package", f'"{package}": unknown kind of package', did_you_mean(package, list_packages()))
    if package and runtime != "aot":
        raise UsageError("--package", f"there is none for the runtime {runtime}", "leave --package or --runtime out")
    if out.exists() and not out.is_dir():
        raise UsageError(str(out), "is a file", "--out takes a folder")
    compiled = compile_file(path, name, optimize)
    if stream or hop:
        compiled = _streaming(compiled, hop, runtime, goal_of(optimize), whole=whole)
    sliding = compiled.sliding or compiled
    if package:
        manifest, files = write_package(package, compiled, out)
    else:
        manifest = get_runtime(runtime).generate(compiled, out)
        files = sorted(file.relative_to(out) for file in out.rglob("*") if file.is_file())
    place = out / MANIFEST_NAME
    return {
        "name": compiled.name,
        "runtime": runtime,
        "package": package,
        "function": manifest.function,
        "header": manifest.header,
        "macs": compiled.macs,
        "weight_bytes": compiled.weight_bytes,
        "parameter_bytes": manifest.parameter_bytes,
        "arena_bytes": manifest.arena_bytes,
        "state_bytes": compiled.state_bytes,
        "lower_bound_bytes": compiled.plan.lower_bound_bytes,
        "manifest": str(place) if Path(MANIFEST_NAME) in files else "",
        "files": [str(file) for file in files],
        "states": [state.name for state in compiled.all_states],
        "explain": list(compiled.log),
        "layers": describe_layers(compiled),
        "plan": describe_plan(compiled),
        "linked": linked_cost(compiled) if link and runtime == "aot" else {},
        "stream_says": said_of(compiled),
        "stream": {
            "hop": sliding.stream.hop,
            "length": sliding.stream.length,
            "window_macs": sliding.stream.window_macs,
        }
        if sliding.stream
        else {},
    }


def _streaming(compiled: Compiled, hop: int, runtime: str, goal: Goal, *, whole: bool) -> Compiled:
    """The model for a sliding window."""
    from tinyforge.compiler.streaming import stream, stream_beside

    if runtime != "aot":
        raise UsageError("--stream", f"the runtime {runtime} takes whole windows", "leave --stream or --runtime out")
    if not hop and compiled.info is None:
        raise UsageError("--stream", "the model does not say by how many samples its window moves", "add --hop N")
    if not hop and compiled.info is not None:
        hop = compiled.info.window.hop
    return (stream_beside if whole else stream)(compiled, hop, goal=goal)


def linked_cost(compiled: Compiled) -> dict[str, Any]:
    """What a model takes in an image for a Cortex-M4: found by linking one, and by reading its machine code.

    Returns:
        ``compiler``, ``flags``, ``flash_bytes`` (weights, parameters and code: the image less the same image without
        a model), ``ram_bytes`` (arena, state, ``.data``, ``.bss``), ``stack_bytes`` (over all paths through the code;
        None where it cannot be read, without Capstone for instance). ``reason`` alone where there is no compiler.

    Raises:
        ToolError: there is a compiler, but it fails.
    """
    from tinyforge.firmware import bench_footprint, build_bench
    from tinyforge.toolchain import find_arm_toolchain, read_image
    from tinyforge.toolchain.stack import stack_bytes

    try:
        toolchain = find_arm_toolchain()
    except ToolError as error:
        return {"reason": str(error)}
    with tempfile.TemporaryDirectory(prefix="tinyforge_link_") as folder:
        model_dir = Path(folder) / "model"
        generate(compiled, model_dir)
        elf = build_bench(model_dir, Path(folder) / "bench.elf", toolchain=toolchain)
        linked = bench_footprint(model_dir, elf, toolchain=toolchain)
        stack = None
        with contextlib.suppress(ToolError):
            functions = ("invoke", "slide") if compiled.sliding else ("invoke",)
            stack = max(stack_bytes(read_image(elf), f"{compiled.name}_{one}") for one in functions)
    return {
        "compiler": toolchain.version,
        "flags": "-O2 -mcpu=cortex-m4",
        "flash_bytes": linked.flash_bytes,
        "ram_bytes": linked.ram_bytes,
        "stack_bytes": stack,
    }


def describe_layers(compiled: Compiled) -> list[dict[str, Any]]:
    """The calls of a compiled model.

    Returns:
        ``name``, ``kernel``, ``input_shape``, ``output_shape``, ``macs``, ``const_bytes``, ``flash_bytes`` (constants
        and parameters), ``ram_bytes`` (of the arena, in use at the call) of each.
    """
    from tinyforge.runtimes.aot.sizes import parameter_bytes

    def used(call: int) -> int:
        """Bytes of the arena, those that two buffers share counted once."""
        slots = sorted((s.offset, s.offset + s.bytes) for s in compiled.plan.slots if s.first <= call <= s.last)
        total = end = 0
        for start, stop in slots:
            total += max(0, stop - max(start, end))
            end = max(end, stop)
        return total

    def shape(tensors: tuple[int, ...]) -> list[int]:
        """Of the first one, without a batch of 1."""
        if not tensors:
            return []
        whole = list(compiled.graph.tensors[tensors[0]].shape)
        return whole[1:] if len(whole) > 1 and whole[0] == 1 else whole

    return [
        {
            "name": layer.name,
            "kernel": layer.kernel,
            "input_shape": shape(layer.inputs),
            "output_shape": shape(layer.outputs),
            "macs": layer.macs,
            "const_bytes": layer.const_bytes,
            "flash_bytes": layer.const_bytes + parameter_bytes(layer.kernel),
            "ram_bytes": used(layer.index),
        }
        for layer in compiled.layers
    ]


def describe_plan(compiled: Compiled) -> dict[str, Any]:
    """The memory plan as plain data, with the attributes' names of ``tinyforge.core.graph.MemoryPlan``."""
    plan = compiled.plan
    return {
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "peak_op": plan.peak_op,
        "slots": [
            {"name": slot.name, "offset": slot.offset, "bytes": slot.bytes, "first": slot.first, "last": slot.last}
            for slot in plan.slots
        ],
    }


def verify(
    path: Path,
    *,
    inputs: Path | None = None,
    on: str = "host",
    random: int = 64,
    seed: int = 1,
    optimize: str = "balanced",
) -> dict[str, Any]:
    """Compare a model's C code with the reference, bit for bit.

    The reference is the LiteRT interpreter with its reference kernels, run here; where ``inputs`` brings outputs of
    its own, those are what is compared with.

    Args:
        path: a ``.tflite``.
        inputs: an ``.npz`` with ``inputs`` [n, ...] and, if it has them, ``outputs`` [n, ...]; None for random inputs.
        on: ``host``: C compiled for this machine; ``virtual``: C for the Cortex-M4 on the virtual board.
        random: how many random inputs.
        seed: of them.
        optimize: as :func:`compile_file` takes it.

    Returns:
        ``exact``, ``inferences``, ``mismatches`` (output elements that differ), ``elements`` (compared in all),
        ``max_abs_diff``, ``on``, ``reference``, ``inputs``, ``first_layer`` (the first layer whose output differs,
        found on the host; empty when exact).

    Raises:
        ModelFormatError, UnsupportedModelError: the model.
        DataError: the inputs.
        ToolError: no compiler.
    """
    return verify_compiled(compile_file(path, optimize=optimize), path, inputs=inputs, on=on, random=random, seed=seed)


def verify_compiled(
    compiled: Compiled, path: Path, *, inputs: Path | None, on: str, random: int, seed: int
) -> dict[str, Any]:
    """As :func:`verify`, of a model that is compiled already; ``path`` is for messages.

    Raises:
        ModelFormatError, UnsupportedModelError: the reference cannot run it, so there is nothing to compare with.
        DataError, ToolError: as :func:`verify`.
    """
    from tinyforge.evaluate import litert
    from tinyforge.evaluate.mend import mend
    from tinyforge.evaluate.verify import load_inputs, random_inputs, verify_outputs

    ports = _ports(compiled)
    given = load_inputs(inputs, ports) if inputs else random_inputs(ports.inputs, windows=random, seed=seed)
    model = mend(compiled.model)
    if given.outputs is None:
        reference = "the LiteRT reference kernels"
        expected = litert.run_isolated(model, given.inputs, keep_state=given.keep_state, place=str(path))
    else:
        reference = f"the outputs in {given.source}"
        expected = given.outputs
    with tempfile.TemporaryDirectory(prefix="tinyforge_verify_") as folder:
        model_dir = Path(folder) / "model"
        generate(compiled, model_dir)
        actual = run_export(model_dir, given.inputs, on=on, keep_state=given.keep_state)
        compared = verify_outputs(expected.reshape(len(expected), -1), actual, ports.outputs)
        first_layer = "" if compared.exact else _first_layer(model, model_dir, given.inputs, compared.first_window)
    return compared.to_json() | {
        "elements": int(expected.size),
        "on": on,
        "reference": reference,
        "inputs": given.source,
        "first_layer": first_layer,
        "model_sha256": compiled.digest,
    }


def _ports(compiled: Compiled) -> Ports:
    """What goes in and what comes out, as the compiler read it: no interpreter need open the file for that."""
    from tinyforge.evaluate.litert import Port, Ports

    def port(index: int) -> Port:
        tensor = compiled.graph.tensors[index]
        scale, zero_point = (tensor.quant.scale[0], tensor.quant.zero_point[0]) if tensor.quant else (0.0, 0)
        return Port(index, tensor.name, tensor.shape, scale, zero_point, tensor.elements, tensor.dtype.value)

    graph = compiled.graph
    return Ports(tuple(map(port, graph.inputs)), tuple(map(port, graph.outputs)))


def generate(compiled: Compiled, folder: Path) -> None:
    """Write a compiled model's C with its ``manifest.json``."""
    from tinyforge.runtimes import get_runtime

    get_runtime("aot").generate(compiled, folder)


def run_export(model_dir: Path, inputs: Int8Array, *, on: str, keep_state: bool = False) -> Int8Array:
    """Outputs of exported C.

    Args:
        model_dir: what :func:`export` wrote.
        inputs: int8 [n, ...]; several inputs of an inference lie one after the other, numbers of other types as their
            bytes.
        on: ``host`` or ``virtual``.
        keep_state: leave a stateful model's state as the inference before left it.

    Returns:
        int8 [n, output bytes], likewise.
    """
    import numpy as np

    rows = np.ascontiguousarray(inputs).reshape(len(inputs), -1).view(np.uint8)
    if on == "host":
        from tinyforge.evaluate.host_c import load_invoke

        return load_invoke(model_dir).run_bytes(rows, keep_state=keep_state).view(np.int8)
    from tinyforge.firmware import build_bench, read_manifest
    from tinyforge.virtual.measure import Sides, run_inferences

    elf = build_bench(model_dir, model_dir / "bench.elf")
    sides = Sides.of(read_manifest(model_dir))
    outputs = run_inferences(elf, [row.tobytes() for row in rows], keep_state=keep_state, sides=sides)
    return np.frombuffer(b"".join(outputs), np.int8).reshape(len(rows), -1)


def _first_layer(model: bytes, model_dir: Path, inputs: Int8Array, window: int | None) -> str:
    """The first layer whose output differs from the reference, run on the host with every tensor kept.

    Empty when there is none: then the host agrees with the reference and only the other machine does not, or tensors
    of the model have no counterpart in the C.
    """
    import numpy as np

    from tinyforge.evaluate import litert
    from tinyforge.evaluate.grafted import has_own_operator
    from tinyforge.evaluate.host_c import load_invoke
    from tinyforge.firmware import read_manifest

    if has_own_operator(model):  # the interpreter cannot keep every tensor of a model that it cannot run alone
        return ""
    row = np.ascontiguousarray(inputs[window or 0]).reshape(-1)
    actual = load_invoke(model_dir, trace=True).trace(row.view(np.uint8))
    expected = litert.run_all_tensors(model, row)
    found = litert.first_differing_layer(litert.op_outputs(model), expected, actual)
    if found is None:
        return ""
    calls = [call for call in read_manifest(model_dir)["layers"] if found.tensor in call["tensors"]]
    together = "".join(f", computed in one call with op #{call['op']}" for call in calls if call["op"] != found.op)
    return (
        f'op #{found.op} {found.op_name}, tensor "{found.tensor_name}": {found.differing} of {found.elements} numbers '
        f"differ, at most by {found.max_abs_diff}{together}"
    )


def profile(path: Path, *, board_id: str = "virtual", optimize: str = "balanced") -> dict[str, Any]:
    """Cost of one inference on the virtual Cortex-M4.

    Args:
        path: a ``.tflite``.
        board_id: whose clock and flash wait states times are given for.
        optimize: as :func:`compile_file` takes it.

    Returns:
        See :func:`profile_export`.

    Raises:
        ModelFormatError, UnsupportedModelError: the model.
        ToolError: no compiler, or Unicorn is missing.
    """
    from tinyforge.pipeline.devices import board_of

    board = board_of(None, board_id)
    compiled = compile_file(path, optimize=optimize)
    with tempfile.TemporaryDirectory(prefix="tinyforge_profile_") as folder:
        generate(compiled, Path(folder))
        return profile_export(Path(folder), board, describe_layers(compiled))


def profile_export(model_dir: Path, board: Board, described: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Cost of one inference of exported C.

    Args:
        model_dir: what :func:`export` wrote.
        board: its clock turns cycles into time.
        described: its calls, as :func:`describe_layers` gives them.

    Returns:
        ``macs``, ``instructions`` (exact), ``cycles`` (estimated), ``flash_bytes`` (linked image less the harness),
        ``ram_bytes`` (arena, state, ``.data``, ``.bss`` and stack; the caller's input and output not counted),
        ``stack_bytes``, ``arena_bytes``, ``clock_hz``, ``flash_wait_cycles``, ``cycles_low`` and ``cycles_high`` (what
        the estimate leaves open: ``docs/explanation/cycles.md``), ``latency_us`` (with the board's wait states),
        ``own_instructions`` and ``own_cycles`` (of the model's function itself), and ``layers``: ``name``, ``kernel``,
        ``shape``, ``macs``, ``instructions``, ``cycles``, ``latency_us``, ``flash_bytes`` (weights and parameters),
        ``ram_bytes`` (of the arena, in use at the call), ``stack_bytes`` (of the kernel; None where it cannot be
        read) and ``functions`` each. Where the export has a function for a sliding window, too, ``sliding``: ``hop``,
        ``macs``, ``instructions``, ``cycles``, ``latency_us`` of one of its calls; flash, RAM and stack are of both.
    """
    from tinyforge.firmware import bench_footprint, build_bench
    from tinyforge.toolchain import find_arm_toolchain, read_image
    from tinyforge.virtual import measure

    manifest = json.loads((model_dir / "manifest.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="tinyforge_bench_") as folder:
        toolchain = find_arm_toolchain()
        elf = build_bench(model_dir, Path(folder) / "bench.elf", toolchain=toolchain)
        measured = measure.profile(elf, manifest)
        linked = bench_footprint(model_dir, elf, toolchain=toolchain)
        stacks = _stacks(read_image(elf), {cost.function for cost in measured.layers})
        stack_bytes = measured.stack_bytes
        more: dict[str, Any] = {}
        if sliding := manifest.get("sliding"):
            call = measure.profile(elf, {**manifest, "function": sliding["function"]})
            stack_bytes = max(stack_bytes, call.stack_bytes)
            more["sliding"] = {
                "hop": sliding["hop"],
                "macs": sliding["macs"],
                "instructions": call.instructions,
                "cycles": call.cycles,
                "latency_us": 1e6 * board.cycles_on(call.cycles, call.jumps) / board.clock_hz,
            }
    layers = []
    waiting = list(described)
    for cost in measured.layers:
        # calls that are no layer's (setting state to its start, copying) stand under their own name
        said = waiting.pop(0) if waiting and waiting[0]["kernel"] == cost.function else None
        layers.append(
            {
                "name": said["name"] if said else cost.function,
                "kernel": cost.function,
                "shape": f"{said['input_shape']} -> {said['output_shape']}" if said else "",
                "input_shape": said["input_shape"] if said else [],
                "output_shape": said["output_shape"] if said else [],
                "macs": said["macs"] if said else 0,
                "const_bytes": said["const_bytes"] if said else 0,
                "instructions": cost.instructions,
                "cycles": cost.cycles,
                "latency_us": 1e6 * board.cycles_on(cost.cycles, cost.jumps) / board.clock_hz,
                "flash_bytes": said.get("flash_bytes") if said else 0,
                "ram_bytes": said.get("ram_bytes") if said else 0,
                "stack_bytes": stacks.get(cost.function),
                "functions": [
                    {"name": name, "instructions": instructions, "cycles": cycles}
                    for name, instructions, cycles in cost.functions
                ],
            }
        )
    return {
        "name": manifest["name"],
        "macs": manifest["macs"],
        "instructions": measured.instructions,
        "cycles": measured.cycles,
        "flash_bytes": linked.flash_bytes,
        "ram_bytes": linked.ram_bytes + stack_bytes,
        "stack_bytes": stack_bytes,
        "arena_bytes": manifest["arena_bytes"],
        "clock_hz": board.clock_hz,
        "flash_wait_cycles": board.flash_wait_cycles,
        "cycles_low": measured.cycles - measured.jumps,
        "cycles_high": board.cycles_on(measured.cycles, measured.jumps) + measured.jumps,
        "own_instructions": measured.own_instructions,
        "own_cycles": measured.own_cycles,
        "latency_us": 1e6 * board.cycles_on(measured.cycles, measured.jumps) / board.clock_hz,
        "compiler": toolchain.version,
        "layers": layers,
        "by_symbol": dict(linked.by_symbol),
        "model_sha256": manifest["model_sha256"],
        **more,
    }


def _stacks(image: Image, functions: set[str]) -> dict[str, int]:
    """Stack of each function over all its paths, where it can be read off the code."""
    from tinyforge.toolchain.stack import stack_bytes

    found = {}
    for function in functions:
        with contextlib.suppress(ToolError):
            found[function] = stack_bytes(image, function)
    return found


def operators() -> list[str]:
    """Names of the TensorFlow Lite operators that the compiler knows, in order."""
    from tinyforge.compiler.operators import known_operators
    from tinyforge.compiler.schema import BUILTIN_NAMES

    return sorted(name for name in known_operators() if name in BUILTIN_NAMES)
