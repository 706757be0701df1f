"""Networks that fit: architecture, window and compression searched under a budget of flash, RAM and instructions.

``space``    what a trial is drawn from
``trial``    one candidate: what it costs, then how good it is
``study``    the search itself: Optuna's storage, several workers, trials of killed workers taken up again
``front``    which candidates nobody beats, as a table and a picture
"""

from __future__ import annotations

from tinyforge.search.front import Candidate, front_of
from tinyforge.search.study import SearchResult, search

__all__ = ["Candidate", "SearchResult", "front_of", "search"]
