"""The rooms of the house: which package may import which, and what must not shadow what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "alpine_models": ("models", set()),
    "alpine_platform": ("platform", {"alpine_models"}),
    "alpine_rtl": ("rtl", {"alpine_models"}),
    "alpine_sw": ("sw", {"alpine_models", "alpine_platform"}),
    "alpine_cosim": ("cosim", {"alpine_models", "alpine_platform", "alpine_rtl", "alpine_sw"}),
}
FOLDERS = [folder for folder, _ in FLOORS.values()] + ["tests", "cocotb_tests", "benchmarks"]


def imported_packages(source: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", FLOORS)
def test_arrows_between_packages_point_down(package: str):
    folder, allowed = FLOORS[package]
    sources = list((ROOT / folder / package).rglob("*.py"))
    assert sources
    for source in sources:
        reached = imported_packages(source) & set(FLOORS) - {package}
        assert reached <= allowed, f"{source} imports {reached - allowed}"


def test_no_top_level_folder_is_a_package():
    assert not [name for name in FOLDERS if (ROOT / name / "__init__.py").exists()]


def test_standard_library_is_not_shadowed_from_the_root():
    done = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.system())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "Linux"


def statements(tree: ast.Module) -> list[ast.stmt]:
    """A module's statements, and those for type checkers alone: names imported at first use."""
    found = list(tree.body)
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found += node.body
    return found


def test_every_public_name_exists():
    for package, (folder, _) in FLOORS.items():
        for source in (ROOT / folder / package).rglob("*.py"):
            tree = ast.parse(source.read_text())
            defined = {
                name
                for node in statements(tree)
                for name in [
                    getattr(node, "name", None),
                    *(t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)),
                    getattr(getattr(node, "target", None), "id", None),
                    *(a.asname or a.name for a in getattr(node, "names", [])),
                    *(
                        e.id
                        for t in getattr(node, "targets", [])
                        if isinstance(t, ast.Tuple)
                        for e in t.elts
                        if isinstance(e, ast.Name)
                    ),
                ]
                if name
            }
            for node in tree.body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                    assert set(ast.literal_eval(node.value)) <= defined, source


WRITERS = {"write_text", "write_bytes", "savefig", "tofile", "savez", "savez_compressed", "save"}
"""Methods that write a file in place where they are given a path."""
ALLOWED = (
    # The one module that writes.
    "models/alpine_models/files.py",
    # Builds fill a temporary folder, which the cache renames when it is complete.
    "cosim/alpine_cosim/verilated/",
    # A child's output grows in its temporary folder while it runs.
    "cosim/alpine_cosim/cocotb/runner.py",
)


def writes_in_place(call: ast.Call) -> bool:
    """Whether a call opens a file for writing, or gives a method that writes anything but a file
    that `alpine_models.files` has opened or text in memory."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in WRITERS:
        given = ast.unparse(call.args[0]) if call.args else ""
        return given not in ("file", "text")
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name not in ("open", "fdopen"):
        return False
    modes = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    texts = [m.value for m in modes if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    return any(set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.write_text(page)", True),
        ("(folder / name).write_bytes(data)", True),
        ("write_text(path, page)", False),
        ("figure.savefig(path)", True),
        ("write_with(path, lambda file: figure.savefig(file))", False),
        ("open(path, 'w')", True),
        ("path.open('wb')", True),
        ("path.open(mode='a')", True),
        ("path.open('rb')", False),
        ("path.open()", False),
    ],
)
def test_what_counts_as_writing_in_place(source: str, found: bool):
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert any(map(writes_in_place, calls)) == found


def test_files_are_written_through_one_module():
    sources = [
        source
        for folder, _ in FLOORS.values()
        for source in (ROOT / folder).rglob("*.py")
        if not str(source.relative_to(ROOT)).startswith(ALLOWED)
    ]
    found = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for source in [*sources, *(ROOT / "cocotb_tests").glob("*.py")]
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and writes_in_place(node)
    ]
    assert not found
