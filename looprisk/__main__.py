"""The command line as ``python -m looprisk``."""

from looprisk.cli import main

if __name__ == "__main__":
    main()
