"""Networks: built from a table and a loop, described in numbers."""
