"""The firmware on this machine, as the tests of the link have it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "link"))
