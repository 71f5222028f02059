"""The parts of a page, each made from the records of runs: words from numbers, then tables and pictures."""
