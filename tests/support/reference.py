"""The reference page, made from what the program itself asks: its help, its tables of options, its flags.

python -m tests.support.reference --write
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from ootheca.crypto.kms import aws, azure, gcp
from ootheca.exec import variables
from ootheca.exec.dispatch import HANDLERS
from ootheca.exec.statements.cluster_settings import KNOWN_SETTINGS
from ootheca.locality import LOCALITY_PARAM
from ootheca.shell import flags
from ootheca.shell.help import topics
from ootheca.shell.meta import META_HELP
from ootheca.shell.option_help import OPTION_HELP
from ootheca.shell.options import OPTIONS
from ootheca.storage import clouds, s3
from ootheca.uri import SECRET_PARAMS

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"

# What a session variable does here. All others that are known are accepted and shown, and change nothing.
VARIABLES = {
    "crdb_version": "the version in force; read-only",
    "database": "the current database",
    "experimental_enable_hash_sharded_indexes": "under 20.2, allow hash-sharded indexes",
    "extra_float_digits": "how many digits a FLOAT is printed with",
    "search_path": "schemas in which names are looked for",
    "session_user": "who runs the statements; read-only",
    "sql_safe_updates": "refuse statements that remove much at once",
    "timezone": "the zone in which TIMESTAMPTZ is read and printed",
    "tracing": "accepted as SET TRACING, and changes nothing",
    "transaction_isolation": "always serializable",
    "use_backups_with_ids": "SHOW BACKUPS lists restore points with their ids",
}

# What a cluster setting does here. All others that are known are kept and shown, and change nothing.
SETTINGS = {
    "cloudstorage.gs.default.key": "credentials of gs URIs without CREDENTIALS, under 20.2",
    "diagnostics.reporting.enabled": "among the settings of a new store, as in a new cluster; nothing is ever reported",
    "feature.backup.enabled": "allow BACKUP and ALTER BACKUP",
    "feature.export.enabled": "allow EXPORT",
    "feature.restore.enabled": "allow RESTORE",
    "jobs.retention_time": "how long jobs that have ended stay in system.jobs",
    "jobs.scheduler.enabled": "whether `ootheca scheduler` runs what is due",
    "jobs.scheduler.pace": "how long `ootheca scheduler` sleeps at most between two looks",
    "kv.bulk_sst.target_size": "about how large the data files of a BACKUP get",
    "sql.defaults.distsql": "checked against its words, and changes nothing",
    "sql.defaults.serial_normalization": "checked against its words, and changes nothing",
    "version": "whose files are written and whose answers are printed: '20.2' or '21.2'",
}

PARAMETERS = {
    "ASSUME_ROLE": "roles to assume, each from the one before; the last one is used",
    "AUTH": "specified (the default) takes credentials from the URI, implicit those of the environment",
    "AWS_ACCESS_KEY_ID": "the access key's id",
    "AWS_ENDPOINT": "a server other than Amazon's",
    "AWS_REGION": "the bucket's region; asked for if omitted",
    "AWS_SECRET_ACCESS_KEY": "the access key",
    "AWS_SERVER_ENC_MODE": "encryption by the server: AES256 or aws:kms",
    "AWS_SERVER_KMS_ID": "the key of aws:kms",
    "AWS_SESSION_TOKEN": "of temporary credentials",
    "AWS_SKIP_CHECKSUM": "send no checksums, for servers that do not know them",
    "AWS_SKIP_TLS_VERIFY": "accept any certificate",
    "AWS_USE_PATH_STYLE": "the bucket in the path instead of the host",
    "AZURE_ACCESS_TIER": "the tier of written objects",
    "AZURE_ACCOUNT_KEY": "the account's key",
    "AZURE_ACCOUNT_NAME": "the storage account",
    "AZURE_CLIENT_ID": "of a service principal",
    "AZURE_CLIENT_SECRET": "of a service principal",
    "AZURE_ENVIRONMENT": "another cloud than AzurePublicCloud",
    "AZURE_TENANT_ID": "of a service principal",
    "AZURE_VAULT_NAME": "the key vault",
    "BEARER_TOKEN": "a token in the place of credentials",
    "CREDENTIALS": "a service account's key, its JSON in base64",
    "GOOGLE_BILLING_PROJECT": "the project that pays",
    "REGION": "the key's region",
    "S3_STORAGE_CLASS": "the class of written objects",
}

# Private tables of the modules that check the URIs, read here so that the page cannot say anything else.
SCHEMES: dict[str, Iterable[str]] = {
    "s3": s3._PARAMS,
    "gs": clouds._GS_PARAMS,
    "azure, azure-blob, azure-storage": clouds._AZURE_PARAMS,
    "aws, aws-kms (keys)": aws._PARAMS,
    "gs, gcp-kms (keys)": gcp._PARAMS,
    "azure-kms (keys)": azure._PARAMS,
}

HEAD = """# Reference

<!-- Written by `python -m tests.support.reference --write` from the tables of the program. -->

What `\\h`, `--help` and `\\?` print, on one page. In syntax, square brackets enclose what may be left out, braces a
choice, `|` separates alternatives, `…` repeats. "Since" is the first CockroachDB version whose documentation has it;
20.1 stands for that or earlier. Statements and options of every version are accepted whatever `version` is in force.

* [Statements](#statements)
* [Session variables](#session-variables)
* [Cluster settings](#cluster-settings)
* [Parameters of URIs](#parameters-of-uris)
* [Flags](#flags)
* [Exit statuses](#exit-statuses)
* [Commands of the shell](#commands-of-the-shell)
* [Options of the shell](#options-of-the-shell)
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def is_done(statement: str) -> bool:
    """Whether a statement class has a handler that runs it."""
    module = HANDLERS.get(statement)
    return module is not None and importlib.util.find_spec(module) is not None


def _statements() -> Iterable[str]:
    yield "## Statements\n"
    rows = []
    for name, topic in topics().items():
        mark = "yes" if all(map(is_done, topic.statements)) else "not yet"
        rows.append((f"[`{name}`](#{name.lower().replace(' ', '-')})", topic.about, mark))
    yield table(("statement", "what it does", "here"), rows)
    group = ""
    for name, topic in topics().items():
        if topic.group != group:
            group = topic.group
            yield f"### {group}\n"
        known = all(map(is_done, topic.statements))
        yield f"#### {name}\n"
        yield f"{topic.about[:1].upper()}{topic.about[1:]}.{'' if known else ' **Not yet.**'}\n"
        yield "```sql\n" + "\n".join(topic.syntax) + "\n```\n"
        if name in OPTION_HELP:
            rows = [
                (f"`{o.syntax}`", o.about, o.since, o.state if known else "not yet")
                for o in OPTION_HELP[name]
            ]
            yield table(("option", "what it does", "since", "here"), rows)


def _variables() -> Iterable[str]:
    yield "## Session variables\n"
    yield "`SET name = value`, `SHOW name`, `SHOW ALL`. Those that mean something here:\n"
    known = variables._VARIABLES
    yield table(
        ("variable", "default", "what it does"),
        [(f"`{name}`", f"`{known[name].default}`" if known[name].default else "", VARIABLES[name])
         for name in sorted(VARIABLES)],
    )  # fmt: skip
    others = ", ".join(f"`{name}`" for name in sorted(known.keys() - VARIABLES.keys()))
    yield f"Accepted, checked, shown, and without effect: {others}.\n"


def _settings() -> Iterable[str]:
    yield "## Cluster settings\n"
    yield "`SET CLUSTER SETTING name = value`. Those that mean something here:\n"
    yield table(
        ("setting", "default", "what it does"),
        [(f"`{name}`", f"`{KNOWN_SETTINGS[name].default}`" if KNOWN_SETTINGS[name].default else "", SETTINGS[name])
         for name in sorted(SETTINGS)],
    )  # fmt: skip
    others = ", ".join(f"`{name}`" for name in sorted(KNOWN_SETTINGS.keys() - SETTINGS.keys()))
    yield f"Kept, checked, shown, and without effect: {others}. Any other name is refused.\n"


def _parameters() -> Iterable[str]:
    yield "## Parameters of URIs\n"
    yield (
        "Values are percent-encoded. Those marked * are secrets, and are never printed. "
        f"`{LOCALITY_PARAM}` may stand in every storage URI: `default`, or a tier such as `region=us`. "
        "[storage.md](storage.md) has what is promised of each place, [keys.md](keys.md) the key services.\n"
    )
    for scheme, names in SCHEMES.items():
        yield f"### {scheme}\n"
        rows = [(f"`{n}`{' *' if n in SECRET_PARAMS else ''}", PARAMETERS[n]) for n in sorted(names)]
        yield table(("parameter", "what it says"), rows)
    yield "`nodelocal`, `userfile`, `http`, `https`, `external` and `null` have no parameters of their own.\n"


def _flags() -> Iterable[str]:
    yield "## Flags\n"
    for parser in chain.from_iterable(map(_parsers, flags.PARSERS.values())):
        yield f"### {parser.prog}\n"
        yield f"{parser.description}\n"
        actions = [action for action in parser._actions if action.help not in (None, argparse.SUPPRESS)]
        yield table(
            ("flag", "what it does"), [(f"`{_flag(action)}`", action.help or "") for action in actions]
        )


def _parsers(make: Callable[[], argparse.ArgumentParser]) -> Iterable[argparse.ArgumentParser]:
    """Yield the parser of a subcommand, or those of the commands under it."""
    parser = make()
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return below[0].choices.values() if below else (parser,)


def _flag(action: argparse.Action) -> str:
    words = ", ".join(action.option_strings)
    value = str(action.metavar or "") if action.nargs != 0 else ""
    return " ".join(filter(None, (words, value)))


def _shell() -> Iterable[str]:
    yield "## Exit statuses\n"
    yield table(("status", "meaning"), [(f"`{code}`", about) for code, about in flags.EXIT_CODES.items()])
    yield "## Commands of the shell\n"
    yield table(("command", "what it does"), [(f"`{name}`", about) for name, about in META_HELP.items()])
    yield "## Options of the shell\n"
    yield "`--set NAME=VALUE`, `\\set NAME VALUE`, `\\unset NAME`.\n"
    yield table(("option", "what it does"), [(f"`{name}`", about) for name, about in OPTIONS.items()])


def page() -> str:
    """Return the page as it should stand."""
    parts = [HEAD, *_statements(), *_variables(), *_settings(), *_parameters(), *_flags(), *_shell()]
    return "\n".join(parts)


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(page())
