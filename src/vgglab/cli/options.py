"""One command-line option for each config field, made from the config itself."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

Assignments = Annotated[list[str], typer.Option("--set", metavar="FIELD=VALUE", help="Set a config field, dotted.")]


def with_config_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb an option for each config field, and `--set`; it receives them as the dict `overrides`, dotted.

    The options are added by `expand_options`, for the verb that is invoked: the config takes longer to load
    than `--help` may take. Values stay text; the config checks them, so that every way in has the same errors.
    """

    @functools.wraps(verb)
    def wrapper(assignments: list[str], **arguments: Any) -> None:
        from vgglab.config.resolve import from_options, parse_assignments

        own = {name: value for name, value in arguments.items() if name in wrapper.own}
        options = {name: value for name, value in arguments.items() if name not in own}
        verb(**own, overrides=parse_assignments(assignments) | from_options(options))

    parameters = inspect.signature(verb).parameters
    wrapper.own = {name: parameter for name, parameter in parameters.items() if name != "overrides"} | {
        "assignments": inspect.Parameter(
            "assignments", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=Assignments
        )
    }
    _set_parameters(wrapper, wrapper.own)
    return wrapper


def expand_options(app: typer.Typer, arguments: list[str]) -> bool:
    """Add the options of the config to the verb that `arguments` invoke, where it takes them; also `data preview`.

    Returns:
        Whether there are more now: a verb is given them once.
    """
    verb, *rest = [argument for argument in arguments if not argument.startswith("-")] or [None]
    groups = [group for group in app.registered_groups if group.name == verb]
    wrappers = [command.callback for command in app.registered_commands]
    called = [each for each in wrappers if each.__name__ == (verb or "").replace("-", "_")]
    bare = [each for each in called if hasattr(each, "own") and each.__signature__.parameters.keys() == each.own.keys()]
    for wrapper in bare:
        fields = {name: field for name, field in _field_parameters().items() if name not in wrapper.own}
        _set_parameters(wrapper, fields | wrapper.own)
    return any([expand_options(group.typer_instance, rest) for group in groups]) or bool(bare)


def _set_parameters(wrapper: Callable[..., None], parameters: dict[str, inspect.Parameter]) -> None:
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters.values()]
    wrapper.__signature__ = inspect.Signature(keyword_only)
    wrapper.__annotations__ = {p.name: p.annotation for p in keyword_only}


def _field_parameters() -> dict[str, inspect.Parameter]:
    """Short name -> the parameter that Typer makes an option of."""
    from vgglab.config.schema import config_fields, option_name

    return {
        name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name, field))
        for name, field in ((option_name(dotted), field) for dotted, field in config_fields().items())
    }


def _annotation(name: str, field: Any) -> Any:
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        option = typer.Option(f"{flag}/--no-{flag[2:]}", help=_help(field), show_default=False)
        return Annotated[bool | None, option]
    return Annotated[str | None, typer.Option(flag, metavar="VALUE", help=_help(field), show_default=False)]


def _help(field: Any) -> str:
    choices = getattr(field.annotation, "__args__", ())
    listed = f": {', '.join(choices)}" if choices and all(isinstance(choice, str) for choice in choices) else ""
    default = "" if field.default is None else f" (default {_as_text(field.default)})"
    return f"{field.description[0].upper()}{field.description[1:]}{listed}{default}."


def _as_text(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
