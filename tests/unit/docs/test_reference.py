"""The reference page is the program's own tables, and the tables are what the program does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ootheca
from ootheca.exec.statements import show_backup
from ootheca.exec.statements.cluster_settings import KNOWN_SETTINGS
from ootheca.exec.variables import Variables
from ootheca.shell.help import help_text, topics
from ootheca.shell.option_help import OPTION_HELP, OptionHelp
from ootheca.sql.options import BACKUP_OPTIONS, RESTORE_OPTIONS
from tests.support import reference

SOURCE = Path(__file__).parents[3] / "src" / "ootheca"
STATEMENTS = {
    "BACKUP": "BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/c' WITH {}",
    "RESTORE": "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/c' WITH {}",
    "SHOW BACKUP": "SHOW BACKUP FROM LATEST IN 'nodelocal://1/c' WITH {}",
    "EXPORT": "EXPORT INTO CSV 'nodelocal://1/e' WITH {} FROM TABLE d.t",
    "CHECK EXTERNAL CONNECTION": "CHECK EXTERNAL CONNECTION 'nodelocal://1/x' WITH {}",
}
VALUES = {
    "chunk_rows": "'5'",
    "chunk_size": "'1MB'",
    "compression": "'gzip'",
    "concurrently": "'1'",
    "debug_pause_on": "'error'",
    "delimiter": "';'",
    "execution locality": "'a=b'",
    "into_db": "'defaultdb'",
    "kms": "'testkms:///k?AUTH=implicit&REGION=r'",
    "time": "'1ms'",
    "transfer": "'1kB'",
}


@pytest.fixture(scope="module")
def con() -> Iterator[ootheca.Connection]:
    with ootheca.connect(sandbox=True) as connection:
        connection.execute("CREATE DATABASE d; CREATE TABLE d.t (a INT)")
        connection.execute("BACKUP DATABASE d INTO 'nodelocal://1/c'")
        yield connection


def test_the_page_is_fresh() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run python -m tests.support.reference --write"


def test_the_page_has_every_statement() -> None:
    text = reference.PAGE.read_text()
    assert [name for name in topics() if f"#### {name}\n" not in text] == []


@pytest.mark.parametrize(("topic", "options"), [("BACKUP", BACKUP_OPTIONS), ("RESTORE", RESTORE_OPTIONS)])
def test_every_option_of_the_grammar_is_told(topic: str, options: tuple[object, ...]) -> None:
    assert {option.name for option in OPTION_HELP[topic]} == {
        getattr(option, "name", "") for option in options
    }


def test_every_option_of_show_backup_is_told() -> None:
    known = show_backup._VALUED | show_backup._FLAGS | show_backup._NEWER_VALUED | show_backup._NEWER_FLAGS
    assert {option.name for option in OPTION_HELP["SHOW BACKUP"]} == known


def test_help_tells_options_with_their_meaning() -> None:
    for topic, options in OPTION_HELP.items():
        words = help_text(topic) or ""
        assert [option for option in options if option.syntax not in words or option.about not in words] == []


def written(option: OptionHelp) -> str:
    """An option as a statement has it."""
    if " = " not in option.syntax:
        return option.name
    return f"{option.name} = {VALUES.get(option.name, repr('x'))}"


@pytest.mark.parametrize(
    ("topic", "option"),
    [
        pytest.param(topic, option, id=f"{topic}-{option.name}")
        for topic in STATEMENTS
        for option in OPTION_HELP[topic]
    ],
)
def test_what_is_said_to_be_refused_is_refused_and_nothing_else(
    con: ootheca.Connection, topic: str, option: OptionHelp
) -> None:
    sqlstate = ""
    try:
        con.execute(STATEMENTS[topic].format(written(option)))
    except ootheca.Error as error:
        sqlstate = error.sqlstate
    assert sqlstate != "42601", "the option is not read"
    assert (sqlstate == "0A000") == (option.state == "refused")


def mentions(own: str) -> str:
    """All of the package but the module that lists the names."""
    return "".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name not in (own, "_tables.py"))


def test_variables_that_are_used_somewhere_are_those_that_are_told() -> None:
    text = mentions("variables.py")
    used = {name for name, _ in Variables().items() if f'"{name}"' in text}
    assert used == reference.VARIABLES.keys()


def test_settings_that_are_used_somewhere_are_those_that_are_told() -> None:
    text = mentions("cluster_settings.py")
    assert {name for name in KNOWN_SETTINGS if f'"{name}"' in text} == reference.SETTINGS.keys()


def test_every_parameter_of_every_scheme_is_told_and_no_other() -> None:
    assert {name for names in reference.SCHEMES.values() for name in names} == reference.PARAMETERS.keys()
