"""The devices that the tests of the link have, and the desks of those of capture."""

import sys
from pathlib import Path

for folder in ("link", "capture"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
