# amaranth: UnusedElaboratable=no
# A tile is made for its list of ports alone.
"""A tile of a user's own: its Verilog, checked before anything is built from it."""

import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alpine_models.errors import AlpineError
from alpine_models.plurals import counted
from alpine_models.tile import TileConfig
from alpine_rtl.tile import AimcTile

from .verilated import Port, ports_of
from .verilated.toolchain import Toolchain, run_tool

__all__ = ["read_own_tile"]

TOP = "aimc_tile"


def read_own_tile(path: Path, configs: Iterable[TileConfig]) -> str:
    """Return the text of a tile's Verilog after a look at its ports.

    It may have more ports than `AimcTile`; inputs among them stay 0.

    Parameters
    ----------
    path : of the file, which holds a module ``aimc_tile``.
    configs : tiles that it is to stand for.

    Raises
    ------
    AlpineError
        The file cannot be read, holds no such module, or is rejected by Verilator; the tile is of
        another size, or a port is missing, of another width or of the other direction.
    """
    text = _read(path)
    found = _ports(text)
    for config in set(configs):
        _check_size(path, found, config)
        for port in ports_of(AimcTile(config=config)):
            _check_port(path, found, port)
    return text


def _read(path: Path) -> str:
    try:
        text = path.read_text()
    except OSError as error:
        raise AlpineError(f"tile Verilog {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AlpineError(f"tile Verilog {path} cannot be read: it is no UTF-8 text") from error
    if not re.search(rf"\bmodule\s+{TOP}\b", text):
        raise AlpineError(
            f"tile Verilog {path} has no module {TOP}: start from the file that "
            f"`alpine verilog` writes"
        )
    return text


def _ports(text: str) -> dict[str, tuple[str, int]]:
    """Return direction and width of every port, as Verilator reads them."""
    toolchain = Toolchain.find()
    with tempfile.TemporaryDirectory(prefix="alpine-tile-") as name:
        directory = Path(name)
        (directory / f"{TOP}.v").write_text(text)
        run_tool(
            [
                toolchain.verilator,
                *("--json-only", "--json-only-output", "tree.json", "--Mdir", "made"),
                *("-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", TOP, f"{TOP}.v"),
            ],
            what=f"Verilator on {TOP}",
            cwd=directory,
            env=toolchain.environment,
        )
        tree = json.loads((directory / "tree.json").read_text())
    ranges = {
        node["addr"]: node.get("range", "0:0")
        for misc in tree["miscsp"]
        for node in misc.get("typesp", ())
    }
    (top,) = (node for node in tree["modulesp"] if node["name"] == TOP)
    found: dict[str, tuple[str, int]] = {}
    for node in top["stmtsp"]:
        if node["type"] == "VAR" and node["direction"] != "NONE":
            high, low = map(int, ranges[node["dtypep"]].split(":"))
            found[node["name"]] = node["direction"].lower(), abs(high - low) + 1
    return found


def _check_size(path: Path, found: dict[str, tuple[str, int]], config: TileConfig) -> None:
    if not {"xb_dac", "xb_adc"} <= found.keys():
        return
    rows, columns = (found[name][1] / 8 for name in ("xb_dac", "xb_adc"))
    if (rows, columns) != (config.rows, config.columns):
        raise AlpineError(
            f"tile Verilog {path} has {rows:g} word lines x {columns:g} bit lines, but the run "
            f"needs {config.rows} x {config.columns}: `alpine verilog --rows {config.rows} "
            f"--cols {config.columns} --out verilog` writes such a tile"
        )


def _check_port(path: Path, found: dict[str, tuple[str, int]], port: Port) -> None:
    needed = _described(port.direction.value, port.width)
    if port.name not in found:
        raise AlpineError(
            f"tile Verilog {path} has no port {port.name}, which must be {needed}: keep the ports "
            f"of the file that `alpine verilog` writes"
        )
    has = _described(*found[port.name])
    if has != needed:
        raise AlpineError(f"port {port.name} of tile Verilog {path} is {has}, not {needed}")


def _described(direction: str, width: int) -> str:
    return f"an {direction} of {counted(width, 'bit')}"
