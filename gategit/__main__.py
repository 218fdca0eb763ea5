"""``python -m gategit``."""

from gategit.cli.main import run

if __name__ == "__main__":
    run()
