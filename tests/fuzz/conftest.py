"""The firmware on this machine, as the tests of the link have it, and models, as those of the compiler write them."""

import sys
from pathlib import Path

for folder in ("unit/link", "unit/compiler", "ops"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
