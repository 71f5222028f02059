"""Saved networks over HTTP: a page for people, an API for programs."""
