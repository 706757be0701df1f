"""tinyforge: IMU gestures from a serial port to a verified int8 network on a Cortex-M4."""

__version__ = "0.1.0"
