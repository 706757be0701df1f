"""Predictions of every rung, from the float network to the board, against the rung before; and a diagnosis.

``litert``      the reference interpreter
``host_c``      the exported C, compiled for this machine
``board``       a board behind a link
``rungs``       compares them: :func:`compare_rungs`, :func:`report_to_json`
``diagnosis``   names what the comparison shows
``intervals``   confidence intervals and tests
``verify``      inputs and bit-exact comparison of outputs

Submodules are imported by name, so that ``import tinyforge.evaluate`` costs nothing.
"""
