"""A worker that imports no TensorFlow and does what its job says: each way in which a worker may end."""

import os
import signal
import sys
import time

from tinyforge.core.errors import ConfigError
from tinyforge.core.worker import serve


def work(job, reporter):
    for done in range(3):
        reporter.progress("count", done + 1, 3, f"{done + 1} of 3", loss=1.0 / (done + 1))
    match job["do"]:
        case "finish":
            sys.stdout.write("stray output\n")
            os.write(1, b'{"result": "forged"}\n')
            return {"answer": job["number"] + 1}
        case "refuse":
            raise ConfigError("job: number", "is 13", "take 12")
        case "crash":
            raise ZeroDivisionError("the worker's own fault")
        case "leave":
            sys.stderr.write("leaving early\n")
            os._exit(7)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "linger":
            sys.stderr.write(f"{os.getpid()}\n")
            sys.stderr.flush()
            time.sleep(600)
    raise AssertionError(job)


if __name__ == "__main__":
    raise SystemExit(serve(work))
