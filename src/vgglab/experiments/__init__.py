"""Whole stories: a run, a study, a proof, a range of rates."""
