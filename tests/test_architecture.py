"""The house's rules that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mailcenter

ROOT = Path(mailcenter.__file__).parent
FLOORS = [
    {
        "conf",
        "exceptions",
        "addresses",
        "replies",
        "sealing",
        "transports",
        "freezing",
        "refusing",
        "reading",
        "harmless",
        "templating",
    },
    {"models", "migrations"},
    {
        "kinds",
        "outbox",
        "delivery",
        "resend",
        "inviting",
        "rendering",
        "mail",
        "editing",
        "engines",
        "doctor",
        "pruning",
        "tallying",
    },
    {"backend", "sessions", "flows", "admin", "checks", "management", "practice"},
]
WIRING = {"apps", ""}
WRITERS = {"update", "create", "get_or_create", "update_or_create"}
# Sideways: along the main path alone.
SIDEWAYS = {
    ("outbox", "rendering"),
    ("outbox", "kinds"),
    ("outbox", "engines"),
    ("rendering", "kinds"),
    ("mail", "kinds"),
    ("mail", "rendering"),
    ("mail", "outbox"),
    ("editing", "rendering"),
    ("engines", "delivery"),
    ("delivery", "kinds"),
    ("delivery", "tallying"),
    ("doctor", "delivery"),
    ("doctor", "outbox"),
    ("resend", "kinds"),
    ("resend", "outbox"),
    ("resend", "engines"),
    ("inviting", "kinds"),
    ("inviting", "outbox"),
    ("inviting", "resend"),
    ("inviting", "engines"),
    # The command is the practice server's only way in.
    ("management", "practice"),
}


def files() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(ROOT), ast.parse(path.read_text())


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py").replace("__init__", "")


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def typing_only(tree: ast.Module) -> set[ast.AST]:
    """Imports for the type checker alone carry nothing up or down."""
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            guarded |= set(ast.walk(node))
    return guarded


def imported_rooms(tree: ast.Module) -> Iterator[str]:
    skipped = typing_only(tree)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mailcenter"):
            _mailcenter, *rest = str(node.module).split(".")
            yield from [rest[0]] if rest else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("mailcenter."):
                    yield alias.name.split(".")[1]


def test_imports_only_go_down():
    wrong = []
    for path, tree in files():
        here = room(path)
        if here in WIRING:
            continue
        for there in imported_rooms(tree):
            sideways = floor(here) == floor(there) and here != there
            if sideways and floor(here) in (0, 1):
                continue
            allowed = (here, there) in SIDEWAYS if sideways else floor(there) <= floor(here)
            if not allowed:
                wrong.append(f"{path}: {here} -> {there}")
    assert not wrong


def test_every_room_stands_on_a_floor():
    rooms = {room(path) for path, _tree in files()} - WIRING
    assert rooms <= set().union(*FLOORS)


def test_the_pure_floor_knows_no_model_and_no_database():
    wrong = [
        f"{path}: {name}"
        for path, tree in files()
        if room(path) in FLOORS[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (name := str(node.module)).startswith("django.db")
        # TextChoices is an enumeration that happens to live there.
        and {alias.name for alias in node.names} != {"TextChoices"}
    ]
    assert not wrong


def assigned_names(tree: ast.Module) -> Iterator[str]:
    """Names that are set: x.name = …, update(name=…), create(name=…)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (t.attr for t in targets if isinstance(t, ast.Attribute))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in WRITERS:
            yield from (keyword.arg or "" for keyword in node.keywords)


def test_only_the_models_assign_a_status():
    assert [
        str(path)
        for path, tree in files()
        if room(path) != "models" and "status" in set(assigned_names(tree))
    ] == []


OPENING = {
    "Attempt",
    "Attempt.objects.create",
    "Attempt.objects.bulk_create",
    "Attempt.objects.open_all",
}


def test_only_delivery_opens_and_closes_an_attempt():
    def opens(tree: ast.Module) -> bool:
        made = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        return bool(made & OPENING)

    assert [
        str(path) for path, tree in files() if "outcome" in set(assigned_names(tree)) or opens(tree)
    ] == ["delivery/closing.py", "delivery/steps.py"]


def test_only_sealing_encrypts():
    assert [
        str(path)
        for path, tree in files()
        if {
            str(node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and "fernet" in str(node.module)
        }
    ] == ["sealing.py"]


def test_the_project_names_mailcenter_by_dotted_string_alone():
    project = ROOT.parent / "project"
    wrong = [
        str(path)
        for path in project.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom) and "mailcenter" in ast.unparse(node)
    ]
    assert not wrong


def test_no_file_has_a_name_that_says_nothing():
    names = {path.stem for path, _tree in files()}
    assert not names & {"utils", "helpers", "services", "misc", "common"}
