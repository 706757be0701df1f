"""Types, errors, configuration and files: the bottom layer, which imports nothing of the others."""
