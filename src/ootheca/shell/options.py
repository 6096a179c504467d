"""What `--set` and `\\set` change: the options of one run of the shell."""

from __future__ import annotations

from dataclasses import dataclass

from ootheca.errors import InvalidOptionError
from ootheca.shell.render.registry import FORMATS, JSON_FORMATS, check_format

__all__ = ["DEFAULT_PROMPT", "OPTIONS", "Options"]

DEFAULT_PROMPT = "%n@%M/%/%x>"
_TRUE = frozenset({"", "true", "1", "on", "yes"})
_FALSE = frozenset({"false", "0", "off", "no"})

OPTIONS = {
    "border": "lines in tables: 0 the rule below the header, 1 between rows, 2 around, 3 both",
    "check_syntax": "check a statement's syntax before it is run (interactive only)",
    "display_format": f"how results are written ({', '.join(FORMATS)})",
    "echo": "write each statement to the standard error stream before it is run",
    "errexit": "leave at the first error",
    "pager": "show results that are longer than the screen in $PAGER (interactive only)",
    "prompt1": "the prompt: %n user, %M host, %/ database, %x transaction state, %% a percent sign",
    "show_times": "write how long each statement took",
}
"""Every option and what it does."""

_IGNORED = frozenset({"auto_trace", "show_server_times", "smart_prompt", "verbose_times"})


@dataclass(slots=True)
class Options:
    """The options in force; the defaults are those of a script."""

    border: int = 0
    check_syntax: bool = False
    display_format: str = "table"
    echo: bool = False
    errexit: bool = True
    pager: bool = False
    prompt1: str = DEFAULT_PROMPT
    show_times: bool = False

    @property
    def is_json(self) -> bool:
        """Whether errors and notices are JSON, as the results are."""
        return self.display_format in JSON_FORMATS

    def set(self, name: str, value: str) -> None:
        """Set one option from text.

        Raises:
            InvalidOptionError: there is no such option, or it does not take the value.
        """
        if name in _IGNORED:
            return
        if name not in OPTIONS:
            raise InvalidOptionError(
                f'unknown option "{name}"', sqlstate="XXUUU", hint=f"the options are {', '.join(OPTIONS)}"
            )
        if name == "display_format":
            self.display_format = check_format(value)
        elif name == "prompt1":
            self.prompt1 = value
        elif name == "border":
            self.border = _border(value)
        else:
            setattr(self, name, _boolean(name, value))

    def reset(self, name: str) -> None:
        """Set one option back to what it is in a script.

        Raises:
            InvalidOptionError: there is no such option.
        """
        default = getattr(Options(), name, None)
        self.set(
            name, "" if default is None else str(default).lower() if name != "prompt1" else DEFAULT_PROMPT
        )

    def items(self) -> list[tuple[str, str, str]]:
        """Return name, value and description of every option, sorted."""
        return [(name, _shown(getattr(self, name)), about) for name, about in sorted(OPTIONS.items())]


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(name: str, value: str) -> bool:
    word = value.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise InvalidOptionError(f'invalid value for option "{name}": "{value}" is no boolean', sqlstate="XXUUU")


def _border(value: str) -> int:
    if value not in ("0", "1", "2", "3"):
        raise InvalidOptionError(
            f'invalid value for option "border": "{value}"', sqlstate="XXUUU", hint="0, 1, 2 or 3"
        )
    return int(value)
