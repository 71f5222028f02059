"""Texts in other languages, as gettext catalogs."""
