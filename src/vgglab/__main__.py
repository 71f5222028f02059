"""`python -m vgglab` is the command line."""

from vgglab.cli.app import main

main()
