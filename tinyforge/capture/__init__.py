"""Bytes from a link become a `Recording`."""

from tinyforge.capture.record import Gap, Progress, RecordingCut, record

__all__ = ["Gap", "Progress", "RecordingCut", "record"]
