# SPDX-License-Identifier: Apache-2.0
"""The rooms of the house: which package may import which, and what must not shadow what."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "alpine_models": ("models", set()),
    "alpine_platform": ("platform", {"alpine_models"}),
    "alpine_rtl": ("rtl", {"alpine_models"}),
    "alpine_sw": ("sw", {"alpine_models", "alpine_platform"}),
    "alpine_cosim": ("cosim", {"alpine_models", "alpine_platform", "alpine_rtl", "alpine_sw"}),
    "alpine_papers": (
        "papers",
        {"alpine_models", "alpine_platform", "alpine_rtl", "alpine_sw", "alpine_cosim"},
    ),
}
FOLDERS = [folder for folder, _ in FLOORS.values()] + ["tests", "cocotb_tests", "benchmarks"]


ROOMS = {
    "alpine_platform": (
        "time",
        "config",
        "compiled",
        "memory",
        "accelerators",
        "cluster",
        "manycore",
        "cores",
        "systems",
        "binaries",
    ),
    "alpine_sw": (
        "graph",
        "quantisation",
        "importing",
        "datasets",
        "kernels",
        "riscv",
        "library",
        "networks",
        "mapping",
        "programs",
        "mapper",
        "manycore",
        "calibrate",
        "training",
    ),
    "alpine_cosim": (
        "code_digest",
        "binding",
        "hardware",
        "cocotb",
        "measurement",
        "spec",
        "engines",
        "runs",
        "manycore",
        "cluster_networks",
        "campaigns",
        "pages",
        "commands",
        "cli",
        "__main__",
        "__init__",
    ),
}
"""Rooms of the larger packages from the ground up: a room imports those before it alone."""


def modules_of(package: str) -> dict[str, Path]:
    """Sources of a package by module name."""
    root = ROOT / FLOORS[package][0]
    names = {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for path in (root / package).rglob("*.py")
    }
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


def origin_of(node: ast.ImportFrom, room: str) -> str:
    """Full name of what an import in a room takes names from."""
    parts = room.split(".")[: len(room.split(".")) - node.level + 1] if node.level else []
    return ".".join([*parts, *([node.module] if node.module else [])])


def imported_modules(module: str, source: Path) -> set[str]:
    """Names that a source imports, for type checkers alone as well; relative ones spelt out."""
    room = module if source.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = origin_of(node, room)
            names |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return names


def imports_between(package: str) -> dict[str, set[str]]:
    """Modules of a package that each of its modules imports, anywhere in it."""
    modules = modules_of(package)
    edges: dict[str, set[str]] = {}
    for module, source in modules.items():
        room = module if source.name == "__init__.py" else module.rpartition(".")[0]
        names: set[str] = set()
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                origin = origin_of(node, room)
                inner = {f"{origin}.{alias.name}" for alias in node.names}
                # What is no module is a name in the one that it comes from.
                names |= inner & set(modules) | ({origin} if inner - set(modules) else set())
        edges[module] = names & set(modules) - {module}
    return edges


def circles(edges: Mapping[str, set[str]]) -> set[str]:
    """Nodes from which a way leads back to themselves."""
    found: set[str] = set()
    for start in edges:
        reached, ahead = set[str](), list(edges[start])
        while ahead:
            node = ahead.pop()
            if node not in reached:
                reached.add(node)
                ahead += edges.get(node, ())
        if start in reached:
            found.add(start)
    return found


def test_what_counts_as_a_circle():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {"b", "c"}
    assert not circles({"a": {"b", "c"}, "b": {"c"}, "c": set()})


@pytest.mark.parametrize("package", FLOORS)
def test_no_modules_import_each_other(package: str):
    """For type checkers alone and within functions count as well."""
    assert not circles(imports_between(package))


def imported_packages(source: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules("", source) if name}


@pytest.mark.parametrize("package", ROOMS)
def test_arrows_between_rooms_point_down(package: str):
    rooms = ROOMS[package]
    for module, source in modules_of(package).items():
        room = module.split(".")[1] if "." in module else "__init__"
        if room not in rooms:
            assert room == "__init__", f"{source}: no floor is given to {room}"
            continue
        for name in imported_modules(module, source):
            parts = name.split(".")
            if parts[0] != package or len(parts) < 2 or parts[1] not in rooms:
                continue
            up = rooms.index(parts[1]) > rooms.index(room)
            assert not up, f"{source} imports {name}"


@pytest.mark.parametrize("package", FLOORS)
def test_arrows_between_packages_point_down(package: str):
    folder, allowed = FLOORS[package]
    sources = list((ROOT / folder / package).rglob("*.py"))
    assert sources
    for source in sources:
        reached = imported_packages(source) & set(FLOORS) - {package}
        assert reached <= allowed, f"{source} imports {reached - allowed}"


def test_two_classes_never_share_a_name():
    homes: dict[str, list[str]] = {}
    for package in FLOORS:
        for module, source in modules_of(package).items():
            for node in ast.parse(source.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes.setdefault(node.name, []).append(module)
    shared = {name: found for name, found in homes.items() if len(found) > 1}
    assert not shared


def test_every_source_names_its_licence():
    line = "SPDX-License-Identifier: Apache-2.0"
    folders = [*FOLDERS, "examples"]
    for folder in folders:
        for source in (ROOT / folder).rglob("*"):
            if source.suffix in (".py", ".hpp", ".cpp", ".v", ".sv") and source.is_file():
                assert line in "".join(source.read_text().splitlines()[:2]), source


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
    "cosim/alpine_cosim/binding/",
    # A child's output grows in its temporary folder while it runs.
    "cosim/alpine_cosim/cocotb/runner_call.py",
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


LONGEST_MODULE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 50, 8
"""Lines of a file; lines of a function without its docstring; parameters of a function."""
KERNELS = (
    "platform/alpine_platform/*/*_kernel.py",
    "models/alpine_models/reference_tile.py",
    "models/alpine_models/device/*kernel*.py",
)
"""Compiled kernels, which Numba inlines."""
MOST_KERNEL_PARAMETERS = 12
"""What is one array or record stays one; counts that loops advance are passed by themselves, so
that they stay in registers."""


def product_sources() -> list[Path]:
    return [
        source
        for package, (folder, _) in FLOORS.items()
        for source in (ROOT / folder / package).rglob("*.py")
    ]


def too_large(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1 if documented else 0]
    lines = (function.end_lineno or 0) - first.lineno + 1
    own = [name for name in names if name not in ("self", "cls")]
    return lines > LONGEST_FUNCTION or len(own) > MOST_PARAMETERS


def test_modules_are_read_in_a_few_minutes():
    found = {
        str(source.relative_to(ROOT))
        for source in product_sources()
        if source.read_text().count("\n") > LONGEST_MODULE
    }
    assert not found


def test_kernels_take_records():
    found = {
        node.name
        for source in product_sources()
        if any(source.relative_to(ROOT).match(pattern) for pattern in KERNELS)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef)
        and len(node.args.args) + len(node.args.kwonlyargs) > MOST_KERNEL_PARAMETERS
    }
    assert not found


def test_functions_are_read_at_a_glance():
    found = {
        f"{source.relative_to(ROOT)}:{node.name}"
        for source in product_sources()
        if not any(source.relative_to(ROOT).match(pattern) for pattern in KERNELS)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and too_large(node)
    }
    assert not found
