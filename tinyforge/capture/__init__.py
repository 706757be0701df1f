"""Bytes from a link become a `Recording`."""

from tinyforge.capture.record import Progress, RecordingCut, record
from tinyforge.capture.spool import LeftOver, left_over
from tinyforge.capture.take import Take, recovered

__all__ = ["LeftOver", "Progress", "RecordingCut", "Take", "left_over", "record", "recovered"]
