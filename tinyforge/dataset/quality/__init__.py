"""What can be wrong with a dataset before any network sees it.

``takes`` are stretches of one label, ``signals`` judges each by itself, ``sets`` judges them against each other,
``checks`` does both. Nothing here changes a recording.
"""

from tinyforge.dataset.quality.checks import Report, check
from tinyforge.dataset.quality.finding import ERROR, NOTE, WARNING, Finding, finding
from tinyforge.dataset.quality.stillness import still_takes
from tinyforge.dataset.quality.takes import Take, takes_of

__all__ = ["ERROR", "NOTE", "WARNING", "Finding", "Report", "Take", "check", "finding", "still_takes", "takes_of"]
