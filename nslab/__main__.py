"""``python -m nslab``: the same as the command ``nslab``."""

from nslab.cli import main

if __name__ == "__main__":
    main()
