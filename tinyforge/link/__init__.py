"""The link: COBS frames and messages, generated from ``protocol.toml`` for Python and C."""
