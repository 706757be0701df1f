"""``python -m tinyforge`` is the same as the ``tinyforge`` command."""

from tinyforge.cli import main

if __name__ == "__main__":
    main()
