"""Diagnosis: what is recorded while a network trains, and what that says."""
