"""Bring the catalogs up to date: `python -m vgglab.locale` (needs Babel).

New texts are added without a translation, texts that are gone are dropped, and what the program reads is compiled.
"""

import ast
from functools import partial
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vgglab.diagnosis.catalog import messages
from vgglab.diagnosis.reading import LOCALE

HEADER = "# Texts of the {domain}. After a change: python -m {package}"
REPORT, SERVING = LOCALE.parent / "report", LOCALE.parent / "serving"

Message = str | tuple[str, str]


def page_messages(folder: Path) -> list[Message]:
    """Every text of a room's pages, from its code and templates; for one and for several where a number decides."""
    code = [text for path in folder.rglob("*.py") for text in said(ast.parse(path.read_text(encoding="utf-8")))]
    pages = [BytesIO(path.read_bytes()) for path in folder.rglob("*.html")]
    templates = [extract("jinja2.ext.babel_extract", page, {"say": None}) for page in pages]
    return sorted({*code, *(text for found in templates for _, text, _, _ in found)}, key=str)


def said(tree: ast.AST) -> list[Message]:
    """The texts in calls of `_`, `say` (`self` in its own class) and `say.many`."""
    texts: list[Message] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = tuple(part.value for part in node.args[:2] if isinstance(part, ast.Constant))
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("_", "say", "self") and given:
                texts.append(given[0])
            elif name == "many" and len(given) == 2:
                texts.append(given)
    return texts


DOMAINS = {"findings": messages, "report": partial(page_messages, REPORT), "page": partial(page_messages, SERVING)}


def read_catalog(path: Path) -> Catalog:
    """A catalog as its .po file has it."""
    with path.open("rb") as source:
        return read_po(source)


def updated(old: Catalog, texts: list[Message], domain: str) -> Catalog:
    """A catalog of these texts, with the translations that an older one has of them."""
    header = HEADER.format(domain=domain, package=__package__)
    catalog = Catalog(locale=old.locale, project="vgglab", header_comment=header, fuzzy=False)
    catalog.creation_date = catalog.revision_date = old.creation_date  # the same texts give the same file
    for text in texts:
        catalog.add(text, old[text].string if text in old else "")
    return catalog


def untranslated(catalog: Catalog) -> list[Message]:
    """Texts without a translation, or without one of its forms."""
    strings = [(message.id, message.string) for message in catalog if message.id]
    return [text for text, string in strings if not string or (isinstance(string, tuple) and not all(string))]


def main() -> None:
    """Update and compile every language's catalogs."""
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        catalog = updated(read_catalog(path), DOMAINS[path.stem](), path.stem)
        with path.open("wb") as target:
            write_po(target, catalog, width=118, sort_output=True)
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalog)
        missing = untranslated(catalog)
        print(f"{path}: {len(catalog)} texts, {len(missing)} without a translation", *missing, sep="\n  ")


if __name__ == "__main__":
    main()
