"""What vgglab offers is there, and is documented."""

import ast
import importlib
import importlib.util
import inspect
from pathlib import Path

import pytest

import vgglab

SOURCE = Path(vgglab.__file__).parent


def tree_of(module: str) -> ast.Module:
    """The text of a module, parsed; nothing is imported but the packages it is in."""
    return ast.parse(Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))


def definitions(tree: ast.Module) -> list:
    """Public functions, classes and methods; what is defined inside a function is not public."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    top = [node for node in tree.body if isinstance(node, kinds)]
    methods = [node for parent in top if isinstance(parent, ast.ClassDef) for node in parent.body]
    return [node for node in [*top, *methods] if isinstance(node, kinds) and not node.name.startswith("_")]


def test_all_lists_every_public_name_once_and_in_order():
    assert vgglab.__all__ == sorted([*vgglab._PUBLIC, *vgglab._PUBLIC_WITH_BACKEND])
    assert len(set(vgglab.__all__)) == len(vgglab.__all__) > 10
    assert {*vgglab.__all__, "__version__"} == set(dir(vgglab))


@pytest.mark.parametrize(("name", "module"), vgglab._PUBLIC.items())
def test_a_public_name_without_backend_is_the_one_of_its_module(name, module):
    assert getattr(vgglab, name) is getattr(importlib.import_module(module), name)
    assert inspect.getdoc(getattr(vgglab, name))


@pytest.mark.parametrize(("name", "module"), vgglab._PUBLIC_WITH_BACKEND.items())
def test_a_public_name_with_backend_is_defined_in_its_module_and_documented(name, module):
    (found,) = [node for node in definitions(tree_of(module)) if node.name == name]
    assert ast.get_docstring(found)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'vgglab' has no attribute 'trian'"):
        _ = vgglab.trian


OVERRIDES = ("on_train_", "on_epoch_", "on_test_", "find_class")  # documented by Keras and pickle
MODULES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_has_a_docstring(module):
    tree = ast.parse((SOURCE / module).read_text(encoding="utf-8"))
    bare = {node.name for node in definitions(tree) if not ast.get_docstring(node)}
    assert ast.get_docstring(tree) and {name for name in bare if not name.startswith(OVERRIDES)} == set()
