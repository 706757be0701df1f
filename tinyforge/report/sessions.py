"""Sessions of `tinyforge live`, as a page shows them."""

from __future__ import annotations

from typing import Any

from tinyforge.report import charts, text
from tinyforge.report.data import FindingRow, Network, SessionRow

SKETCH = "sketch"  # source of a session that logs were read of
MOST_SESSIONS = 5  # of a network, on the page


def newest_findings(network: Network) -> tuple[FindingRow, ...]:
    """What is wrong now: an older session's faults may be mended."""
    return network.sessions[0].findings if network.sessions else ()


def newest_is_wrong(network: Network) -> bool:
    """Whether the newest session says so."""
    return any(finding.severity == "error" for finding in newest_findings(network))


def arranged(network: Network) -> dict[str, Any]:
    """The sessions of a network."""
    return {
        "name": network.name,
        "sessions": [_session(one) for one in network.sessions[:MOST_SESSIONS]],
        "hidden": max(0, len(network.sessions) - MOST_SESSIONS),
    }


def _session(session: SessionRow) -> dict[str, Any]:
    most = max((*session.true, *session.answered, 1))
    accuracy = session.accuracy
    judged = sum(session.true)
    return {
        "name": session.name,
        "source": "a sketch of your own" if session.source == SKETCH else session.source,
        "windows": text.count(session.windows),
        "judged": text.count(judged),
        "value": "" if accuracy is None else text.percent(accuracy.value),
        "interval": "" if accuracy is None else text.interval(accuracy.low, accuracy.high),
        "rows": [
            {
                "label": label,
                "true": text.count(true),
                "answered": text.count(answered),
                "right": text.count(right) if true else text.MISSING,
                "true_chart": charts.bar(true / most, tone="s1"),
                "answered_chart": charts.bar(answered / most, right / most, tone="s1"),
            }
            for label, true, answered, right in zip(
                session.labels, session.true, session.answered, session.right, strict=True
            )
        ],
        "findings": session.findings,
        "examined": session.examined,
    }
