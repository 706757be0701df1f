"""The report of a run: one HTML page that needs nothing else, and the same as JSON.

>>> from tinyforge.report import ReportData, render
>>> html, json = render(ReportData(title="police", run="...", created="...", version="..."), folder)  # doctest: +SKIP

``data`` holds what a report shows, ``document`` is its JSON, ``memory`` sorts a linked image's symbols, ``charts``
draws, ``view`` arranges, ``templates/`` prints.
"""

from tinyforge.report.comparison import Comparison, differing_settings, render_comparison
from tinyforge.report.data import ReportData
from tinyforge.report.render import render, render_html

__all__ = ["Comparison", "ReportData", "differing_settings", "render", "render_comparison", "render_html"]
