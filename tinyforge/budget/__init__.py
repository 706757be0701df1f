"""Budgets: what a model takes and how good it is, held against limits and against how it was before.

``limits`` holds figures against a budget, ``figures`` is what was measured as a file, ``growth`` compares two of them
and names what grew, ``reports`` writes both for people (Markdown) and for machines (JUnit).
"""

from tinyforge.budget.figures import Figures, LayerCost, read_figures
from tinyforge.budget.growth import Change, Growth, compare
from tinyforge.budget.limits import BudgetLine, Quality, Verdict, check
from tinyforge.budget.reports import Checked, junit, markdown

__all__ = [
    "BudgetLine",
    "Change",
    "Checked",
    "Figures",
    "Growth",
    "LayerCost",
    "Quality",
    "Verdict",
    "check",
    "compare",
    "junit",
    "markdown",
    "read_figures",
]
