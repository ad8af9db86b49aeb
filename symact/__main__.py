"""``python -m symact`` is the command ``symact``."""

from symact.cli import main

if __name__ == "__main__":
    main()
