"""`python -m vgglab` is the command line."""

from vgglab.cli import main

main()
