"""`python -m plugin` is the `lifecycle` command; the supervisor starts its children so."""

from plugin.cli import main

main()
