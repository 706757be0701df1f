"""One file a stem: how its calls are described in generated code. See docs/contributing/operators.md."""
