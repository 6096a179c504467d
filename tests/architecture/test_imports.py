"""Who may import whom: floors inside the package, one door for each outside library, a quick `import ootheca`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ootheca"

FLOORS = {
    "errors": 0, "clock": 0, "names": 0, "url": 0, "uri": 0, "locality": 0, "types": 0, "profile": 0, "datum": 0,
    "extras": 0, "google_login": 0,
    "sql": 1, "pb": 1, "catalog": 1, "dbapi": 1,
    "codec": 2, "crypto": 2, "storage": 2, "engine": 2, "parameters": 2,
    "backup": 3,
    "exec": 4,
    "shell": 5, "report": 5, "connection": 5, "__init__": 5, "__main__": 5,
}  # fmt: skip

# catalog describes descriptors, which are protobuf messages; the engine's dialect hands queries to the SQL splitter.
SAME_FLOOR = {
    ("catalog", "pb"), ("datum", "types"), ("uri", "url"), ("locality", "url"), ("locality", "uri"),
    ("shell", "__init__"), ("shell", "connection"), ("shell", "report"),
    ("__init__", "connection"), ("__main__", "shell"), ("connection", "__init__"),
}  # fmt: skip

DOORS = {
    "lark": ("sql/",),
    "cryptography": ("crypto/",),
    "boto3": ("crypto/kms/aws.py", "storage/assume_role.py"),
    "botocore": ("crypto/kms/aws.py", "storage/assume_role.py"),
    "obstore": ("storage/",),
    "duckdb": ("engine/",),
    "sqlglot": ("engine/",),
    "google.protobuf": ("pb/", "codec/"),
    "google.cloud": ("crypto/kms/gcp.py",),
    "google.auth": ("google_login.py", "crypto/kms/gcp.py", "storage/google_roles.py"),
    "google.oauth2": ("google_login.py",),
    "google.api_core": ("crypto/kms/gcp.py",),
    "requests": ("crypto/kms/gcp.py",),  # whose errors Google's client lets through
    "azure": ("crypto/kms/azure.py",),
    "prompt_toolkit": ("shell/",),
    "tabulate": ("shell/",),
    "shtab": ("shell/completion_script.py",),
    "google_crc32c": ("codec/", "crypto/kms/gcp.py"),
    "cramjam": ("codec/",),
    "croniter": ("exec/cron.py",),
}


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if not path.name.endswith("_pb2.py"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside functions, but for type checking only."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
            found.add(node.module)
    return found


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_only_from_lower_floors(path: Path) -> None:
    here = room(path)
    wrong = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "ootheca" or len(parts) < 2:
            continue
        there = parts[1]
        if there in (here, "errors") or there not in FLOORS or (here, there) in SAME_FLOOR:
            continue
        if FLOORS[there] >= FLOORS[here]:
            wrong.add(name)
    assert not wrong


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_outside_libraries_come_in_by_one_door(path: Path) -> None:
    relative = str(path.relative_to(SOURCE))
    wrong = {
        name
        for name in imports(path)
        for library, doors in DOORS.items()
        if (name == library or name.startswith(f"{library}.")) and not relative.startswith(doors)
    }
    assert not wrong


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_all_names_what_the_module_defines(path: Path) -> None:
    tree = ast.parse(path.read_text())
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "__all__"
        and isinstance(node.value, ast.List)
    ]
    bound = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [alias.asname or alias.name for alias in node.names] if isinstance(node, ast.ImportFrom)
            else [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else []
        )
    }  # fmt: skip
    has_lazy_names = "__getattr__" in bound
    for value in lists:
        names = [element.value for element in value.elts if isinstance(element, ast.Constant)]
        assert len(names) == len(set(names))
        assert has_lazy_names or set(names) <= bound


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in modules()} <= FLOORS.keys()


def test_importing_the_package_loads_nothing_slow() -> None:
    program = (
        "import sys, ootheca;"
        "slow = {'boto3', 'botocore', 'google.cloud', 'google.auth', 'azure.core'};"
        "slow |= {'prompt_toolkit', 'tabulate', 'duckdb', 'obstore', 'sqlglot', 'lark'};"
        "print(sorted(slow & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_modules_and_functions_stay_small_enough_to_see_across() -> None:
    too_long = []
    for path in modules():
        if path.name == "_tables.py":
            continue  # generated from grammar/
        text = path.read_text()
        if text.count("\n") > 600:
            too_long.append(str(path.relative_to(SOURCE)))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 80:
                too_long.append(f"{path.relative_to(SOURCE)}:{node.name}")
    assert not too_long
