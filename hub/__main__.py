"""`python -m hub` is the command `sluicegate`."""

from hub.cli.main import main

if __name__ == "__main__":
    main()
