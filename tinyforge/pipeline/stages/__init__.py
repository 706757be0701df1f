"""One module a stage: ``NEEDS``, ``step(road, spec) -> Step``, ``result(road, spec) -> plain data``.

A stage reads files of the run, calls one package and writes files; stages meet on disk.
"""
