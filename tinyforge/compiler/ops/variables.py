"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: state that lives from one inference to the next.

``passes/resolve_variables.py`` turns reading and assigning into plain tensors that lie in the state's memory, and
copies where that would read what has been overwritten. What is left of a variable is one VARIABLE operator.
"""

from __future__ import annotations

from typing import NoReturn

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator


@operator("VARIABLE")
def variable(view: OpView, low: Lowering) -> None:
    """Reserve the state's memory; what the pass makes of a VAR_HANDLE."""
    low.state(view.output(), reset_value=view.option("reset_value"), per_window=False)


@operator("VAR_HANDLE", container=Option(0, "string", ""), shared_name=Option(1, "string", ""))
@operator("READ_VARIABLE", "ASSIGN_VARIABLE")
@operator("CALL_ONCE", init_subgraph_index=Option(0, "int32", 0))
def resolved(view: OpView, low: Lowering) -> NoReturn:
    """Never reached: the pass has resolved it; a ValueError where it has not."""
    raise ValueError(f"{view.place} was left by resolve_variables, after {len(low.layers)} layers")
