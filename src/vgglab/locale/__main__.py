"""Bring the catalogs up to date: `python -m vgglab.locale` (needs Babel).

New texts are added without a translation, texts that are gone are dropped, and what the program reads is compiled.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vgglab.diagnosis.catalog import messages
from vgglab.diagnosis.reading import DOMAIN, LOCALE

HEADER = f"# Texts of the findings. After a change: python -m {__package__}"


def read_catalog(path: Path) -> Catalog:
    """A catalog as its .po file has it."""
    with path.open("rb") as source:
        return read_po(source)


def updated(old: Catalog, texts: list[str]) -> Catalog:
    """A catalog of these texts, with the translations that an older one has of them."""
    catalog = Catalog(locale=old.locale, project="vgglab", header_comment=HEADER, fuzzy=False)
    catalog.creation_date = catalog.revision_date = old.creation_date  # the same texts give the same file
    for text in texts:
        catalog.add(text, old[text].string if text in old else "")
    return catalog


def main() -> None:
    """Update and compile every language's catalog."""
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalog = updated(read_catalog(path), messages())
        with path.open("wb") as target:
            write_po(target, catalog, width=118, sort_output=True)
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalog)
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{path}: {len(catalog)} texts, {len(missing)} without a translation", *missing, sep="\n  ")


if __name__ == "__main__":
    main()
