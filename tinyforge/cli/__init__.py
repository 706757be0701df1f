"""The ``tinyforge`` command: the only place that prints or sets an exit code.

Each command parses, calls one function of :mod:`tinyforge.pipeline` and renders what it returns.
Nothing heavy is imported here: ``tinyforge --help`` answers in under 0.3 s.
"""

from __future__ import annotations

import io
import sys

from tinyforge.core.errors import Interrupted, TinyforgeError

EXIT_INTERNAL = 70
"""An error that is ours: sysexits.h calls it EX_SOFTWARE."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the documented code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    as_json = "--json" in arguments
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may be no Unicode; JSON reads \udcff back
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from tinyforge.cli.app import app

        code = app(arguments, standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(_say(_interrupted(), as_json=as_json, debug=False))
    except TinyforgeError as caught:
        sys.exit(_say(caught, as_json=as_json, debug=debug))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as caught:  # noqa: BLE001  the outermost frame: everything else is a bug that is said as one
        sys.exit(_other(caught, as_json=as_json, debug=debug))
    if code == Interrupted.exit_code:  # what typer makes of Ctrl-C
        sys.exit(_say(_interrupted(), as_json=as_json, debug=False))
    sys.exit(code if isinstance(code, int) else 0)


def _say(error: TinyforgeError, *, as_json: bool, debug: bool) -> int:
    from tinyforge.cli import render

    if debug:
        raise error
    render.error(error, as_json=as_json)
    return error.exit_code


def _interrupted() -> TinyforgeError:
    return Interrupted("", "interrupted", "what was finished is kept; the same command goes on")


def _other(error: Exception, *, as_json: bool, debug: bool) -> int:
    import typer

    from tinyforge.cli import render
    from tinyforge.core.files import refused_by_system

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        return _say(_interrupted(), as_json=as_json, debug=False)
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # a usage error found by typer's parser
        error.show()
        return int(error.exit_code)
    if isinstance(error, OSError) and (refused := refused_by_system(error)) is not None:
        return _say(refused, as_json=as_json, debug=debug)
    if debug:
        raise error
    render.internal_error(error, EXIT_INTERNAL, as_json=as_json)
    return EXIT_INTERNAL
