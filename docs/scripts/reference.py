"""Write docs/reference/*.md from the code: every command, every config field, every public name.

python docs/scripts/reference.py
"""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

import vgglab
from vgglab.cli.app import app
from vgglab.config.schema import APART, SECTIONS, Phase, RunConfig, config_fields, option_name

FOLDER = Path(__file__).parents[1] / "reference"
WRITTEN = "<!-- Written by docs/scripts/reference.py from the code; change that, and run it. -->"
BOUNDS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
VALUES = {Path: "PATH", int: "N", float: "X", str: "TEXT"}
NAMES = {int: "whole number", float: "number", str: "text", bool: "yes or no", Phase: "phase"}


def write_all() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File name -> its text."""
    made = {"commands.md": commands_page(), "config.md": config_page(), "python.md": python_page()}
    return {name: f"{WRITTEN}\n\n{text.rstrip()}\n" for name, text in made.items()}


def commands_page() -> str:
    """Every verb with its arguments and options."""
    parts = ["# Commands", app.info.help, "`vgglab --debug ...` shows the traceback of an error."]
    for verb in verbs():
        parts.append(f"## vgglab {verb.name}\n\n{inspect.cleandoc(verb.command.help)}")
        arguments = [argument_text(param) for param in verb.own() if param.param_type_name == "argument"]
        parts.append(f"```text\n{' '.join(['vgglab', verb.name, '[OPTIONS]', *arguments])}\n```")
        parts.append(table(["argument or option", "what it is"], [parameter_row(verb, param) for param in verb.own()]))
        if verb.takes_fields:
            parts.append("And an option for each [config field](config.md).")
    return "\n\n".join(parts)


@dataclass(frozen=True)
class Verb:
    """A command: its name, such as `data check`, the function behind it, and how Typer parses it."""

    name: str
    callback: Any
    command: Any

    @property
    def takes_fields(self) -> bool:
        """Whether it has an option for each config field."""
        return hasattr(self.callback, "own")

    def own(self) -> list[Any]:
        """Its arguments and options, but for those of config fields and --help."""
        names = self.callback.own if self.takes_fields else inspect.signature(self.callback).parameters
        return [param for param in self.command.params if param.name in names]

    def kind_of(self, param: Any) -> Any:
        """The type that the function declares for a parameter."""
        declared = self.callback.own if self.takes_fields else inspect.signature(self.callback).parameters
        kind = get_args(declared[param.name].annotation)[0]
        return next((one for one in get_args(kind) if one is not type(None)), kind)


def verbs() -> list[Verb]:
    """Every command, by its name."""
    root = typer.main.get_command(app)
    groups = [("", app, root.commands)]
    groups += [(f"{one.name} ", one.typer_instance, root.commands[one.name].commands) for one in app.registered_groups]
    found = [
        Verb(prefix + name, made.callback, commands[name])
        for prefix, group, commands in groups
        for made in group.registered_commands
        for name in [made.name or made.callback.__name__.replace("_", "-")]
    ]
    return sorted(found, key=lambda verb: verb.name)


def argument_text(param: Any) -> str:
    """An argument as the usage line has it."""
    name = param.metavar or param.name.upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def parameter_row(verb: Verb, param: Any) -> list[str]:
    """Names, help and default of an argument or option."""
    if param.param_type_name == "argument":
        return [f"`{argument_text(param)}`", param.help]
    value = "" if param.is_flag else f" {param.metavar or VALUES[verb.kind_of(param)]}"
    notes = [param.help]
    if not param.is_flag and param.default not in (None, [], ()):
        notes.append(f"Default `{param.default}`.")
    if param.envvar:
        notes.append(f"Else read from `{param.envvar}`.")
    return [", ".join(f"`{name}{value}`" for name in [*param.opts, *param.secondary_opts]), " ".join(notes)]


def config_page() -> str:
    """Every field of the config, by section."""
    takers = ", ".join(f"`{verb.name}`" for verb in verbs() if verb.takes_fields)
    parts = [
        "# Config",
        "A run's file is a YAML mapping of these sections; what is left out has its default. On the command line each "
        f"field is an option of {takers}, in Python an argument of `vgglab.run`; `--set train.epochs=3` sets a field "
        "by its dotted name.",
        "## At the top",
        fields_table("", {name: RunConfig.model_fields[name] for name in APART}),
    ]
    for section in SECTIONS:
        kind = RunConfig.model_fields[section].annotation
        parts += [f"## {section}", inspect.getdoc(kind), fields_table(section, kind.model_fields)]
    parts += ["## A phase", inspect.getdoc(Phase), fields_table("", Phase.model_fields, options=False)]
    return "\n\n".join(parts)


def fields_table(section: str, fields: dict[str, Any], options: bool = True) -> str:
    """A row for each field of a section."""
    rows = []
    for name, field in fields.items():
        dotted = f"{section}.{name}" if section else name
        row = [f"`{dotted}`", kind_text(field), default_text(field), field.description]
        rows.append([*row[:1], option_text(dotted), *row[1:]] if options else row)
    header = ["field", *(["option"] if options else []), "value", "default", "what it is"]
    return table(header, rows)


def option_text(dotted: str) -> str:
    """The option of a field, with what switches it off."""
    flag = option_name(dotted).replace("_", "-")
    return f"`--{flag}`, `--no-{flag}`" if config_fields()[dotted].annotation is bool else f"`--{flag}`"


def default_text(field: Any) -> str:
    """The default, or that there is none."""
    if field.is_required():
        return "needed"
    if isinstance(field.default, tuple | dict):
        return f"`{','.join(map(str, field.default))}`" if field.default else "none"
    return "" if field.default is None else f"`{field.default}`"


def kind_text(field: Any) -> str:
    """What values a field takes: `number > 0`, `sgd, adam, ...`."""
    bounds = [
        f"{sign} {getattr(limit, name)}"
        for limit in field.metadata
        for name, sign in BOUNDS.items()
        if getattr(limit, name, None) is not None
    ]
    return f"{annotation_text(field.annotation)} {', '.join(bounds)}".strip()


def annotation_text(annotation: Any) -> str:
    """A type as a person says it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return annotation_text(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, UnionType):
        return annotation_text(next(kind for kind in arguments if kind is not type(None)))
    if origin is tuple:
        return f"list of: {annotation_text(arguments[0])}"
    if origin is dict:
        return "mapping"
    return NAMES[annotation]


def python_page() -> str:
    """Every public name with its signature and docstring."""
    parts = ["# Python", "What `import vgglab` offers. Nothing loads a Keras backend before it is needed."]
    for name in vgglab.__all__:
        thing = getattr(vgglab, name)
        parts.append(f"## vgglab.{name}")
        if not (inspect.isclass(thing) and issubclass(thing, Exception | RunConfig)):
            parts.append(f"```python\n{name}{signature_text(thing)}\n```")
        parts.append(f"```text\n{inspect.getdoc(thing)}\n```")
        rows = [[f"`.{member}`", summary_line(value)] for member, value in members(thing)]
        parts += [table(["attribute or method", "what it is"], rows)] if rows else []
    return "\n\n".join(parts)


def members(thing: Any) -> list[tuple[str, Any]]:
    """The documented public attributes and methods that a class of ours defines."""
    if not inspect.isclass(thing) or issubclass(thing, Exception | RunConfig):
        return []
    return [(name, value) for name, value in vars(thing).items() if not name.startswith("_") and inspect.getdoc(value)]


def summary_line(value: Any) -> str:
    """The first line of a docstring, with the signature of a method before it."""
    line = inspect.getdoc(value).splitlines()[0]
    return f"`{signature_text(value)}` {line}" if inspect.isfunction(value) else line


def signature_text(thing: Any) -> str:
    """A signature whose types are written as short as they are known."""
    signature = inspect.signature(thing)
    shown = [param for name, param in signature.parameters.items() if name != "self"]
    text = str(signature.replace(parameters=shown)).replace("keras.src.models.model.Model", "keras.Model")
    return re.sub(r"\b(?:vgglab(?:\.\w+)+|pathlib|typing|collections\.abc)\.(?=\w)", "", text)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    write_all()
