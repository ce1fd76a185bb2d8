"""`python -m serfsim` is the command line."""

from serfsim.cli.main import main

if __name__ == "__main__":
    main()
