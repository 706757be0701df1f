"""Ahead-of-time runtime: a model as plain C, one kernel call a layer, with the kernels it needs beside it."""

from tinyforge.runtimes.aot.generate import AotRuntime

__all__ = ["AotRuntime"]
