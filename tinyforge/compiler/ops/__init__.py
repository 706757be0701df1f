"""One file an operator: what it checks and how it becomes kernel calls. See docs/contributing/operators.md."""
