"""TensorFlow Lite Micro: the model as the classic ``g_model[]``, with its exact op resolver and an arena estimate."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.files import write_text
from tinyforge.core.graph import Compiled
from tinyforge.core.names import c_comment
from tinyforge.core.templates import templates
from tinyforge.runtimes.aot.literals import array_lines, grouped
from tinyforge.runtimes.base import Manifest, boundary_of, layer_costs

# Interpreter, allocator, and for each operator its node, registration and quantization data: measured on TFLM of 2026
# (yardstick in docs/benchmarks.md); an arena must be checked on the board with interpreter.arena_used_bytes(). An LSTM
# has a large structure, and with CMSIS-NN eight folded biases a unit.
_FIXED_BYTES = 1400
_OPERATOR_BYTES = 160
_LSTM_BYTES = 1536
_LSTM_UNIT_BYTES = 32
_ALIGN = 16

_SPECIAL = {
    "CONV_2D": "Conv2D",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "MAX_POOL_2D": "MaxPool2D",
    "AVERAGE_POOL_2D": "AveragePool2D",
    "L2_POOL_2D": "L2Pool2D",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
    "PADV2": "PadV2",
    "SVDF": "Svdf",
    "ADD_N": "AddN",
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
}


# What `MicroMutableOpResolver` of August 2026 can register; there are more, of operators that we refuse anyway.
_KNOWN = frozenset(
    """
    ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_ARGS
    BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV
    DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED
    GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG
    LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG
    NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE
    RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND
    SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE
    TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
    """.split()  # noqa: SIM905  # a table of words is read as words
)


def resolver_call(kind: str) -> str:
    """The method of ``MicroMutableOpResolver`` that registers an operator: ``CONV_2D`` -> ``AddConv2D``."""
    return "Add" + _SPECIAL.get(kind, "".join(part.capitalize() for part in kind.split("_")))


def arena_estimate(compiled: Compiled) -> int:
    """Bytes of TFLM's arena: tensors of the largest call, inputs and outputs, states, and its own structures."""
    graph = compiled.graph
    outside = sum(graph.tensors[index].bytes for index in (*graph.inputs, *graph.outputs))
    # TFLM's tensors lie apart at every call
    together = [
        sum(slot.bytes for slot in compiled.plan.slots if slot.first <= layer.index <= slot.last)
        for layer in compiled.layers
    ]
    tensors = max(together, default=0) + outside + compiled.state_bytes
    channels = sum(
        value.nbytes
        for layer in compiled.layers
        for name, value in layer.params.items()
        if name in {"multiplier", "exponent", "shift"} and isinstance(value, np.ndarray)
    )
    # TFLM keeps every step of an LSTM, and a gate's buffers apart
    sequences = sum(
        _LSTM_BYTES + (int(layer.params["steps"] or 0) + 16 + _LSTM_UNIT_BYTES) * int(layer.params["units"] or 0)
        for layer in compiled.layers
        if layer.stem == "lstm"
    )
    total = _FIXED_BYTES + tensors + sequences + 2 * channels + _OPERATOR_BYTES * len(compiled.operators)
    return (total + _ALIGN - 1) // _ALIGN * _ALIGN


class TflmRuntime:
    """The ``tflm`` runtime."""

    name = "tflm"

    def generate(self, compiled: Compiled, out_dir: Path) -> Manifest:
        """Write ``<name>_model.h`` and ``<name>_model.cc``; see ``Runtime``.

        The manifest lists no C function: TFLM's interpreter runs the model.

        Raises:
            UnsupportedModelError: TFLM has no kernel for one of its operators.
        """
        name = compiled.name
        kinds = sorted(set(compiled.operators))
        for position, kind in enumerate(compiled.operators):
            if kind not in _KNOWN:
                raise UnsupportedModelError(
                    f"{compiled.graph.place}: op #{position} {kind}",
                    "TensorFlow Lite Micro has no such operator",
                    "use `--runtime aot`, which runs it",
                )
        context = {
            "name": name,
            "upper": name.upper(),
            "digest": compiled.digest,
            "bytes": len(compiled.model),
            "bytes_text": grouped(len(compiled.model)),
            "arena": arena_estimate(compiled),
            "arena_text": grouped(arena_estimate(compiled)),
            "macs": grouped(compiled.macs),
            "operators": [(c_comment(kind), resolver_call(kind)) for kind in kinds],
            "lines": array_lines(np.frombuffer(compiled.model, np.uint8)),
        }
        environment = templates(Path(__file__).parent / "templates")
        for kind in ("h", "cc"):
            write_text(out_dir / f"{name}_model.{kind}", environment.get_template(f"model.{kind}.j2").render(context))
        graph = compiled.graph
        inputs = tuple(boundary_of(graph.tensors[index]) for index in graph.inputs)
        outputs = tuple(boundary_of(graph.tensors[index]) for index in graph.outputs)
        manifest = Manifest(
            name=name,
            runtime=self.name,
            function="",
            reset=None,
            continue_function=None,
            preprocess=None,
            header=f"{name}_model.h",
            include_dirs=(".",),
            sources=(f"{name}_model.cc",),
            sources_dsp=(f"{name}_model.cc",),
            defines=(),
            cflags=(),
            input=inputs[0],
            output=outputs[0],
            inputs=inputs,
            outputs=outputs,
            input_bytes=inputs[0].bytes,
            output_bytes=outputs[0].bytes,
            arena_bytes=arena_estimate(compiled),
            state_bytes=0,
            weight_bytes=len(compiled.model),
            macs=compiled.macs,
            labels=compiled.info.labels if compiled.info else (),
            model_sha256=compiled.digest,
            abi=0,
            layers=layer_costs(compiled),
        )
        manifest.write(out_dir)
        return manifest
