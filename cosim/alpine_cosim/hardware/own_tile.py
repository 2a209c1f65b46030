# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its list of ports alone.
"""A tile of a user's own: its Verilog, checked before anything is built from it."""

import re
from collections.abc import Iterable
from pathlib import Path

from alpine_cosim.binding import Port, ports_of
from alpine_cosim.binding.elaboration import elaborate
from alpine_cosim.binding.sources import Sources
from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.plurals import counted
from alpine_models.tile import TileConfig
from alpine_rtl.tile import AimcTile

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
        There is no tile to stand for; the file cannot be read, holds no such module, or is rejected
        by Verilator; the tile is of another size, or a port is missing, of another width or of the
        other direction.
    """
    wanted = set(configs)
    if not wanted:
        raise AlpineError(f"tile Verilog {path} replaces nothing: this mapping has no such tile")
    text = _read(path)
    found = _ports(path, text)
    for config in wanted:
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


def _ports(path: Path, text: str) -> dict[str, Port]:
    """Return every port by name, as Verilator reads them in the text of a file."""
    with scratch_folder("tile") as directory:
        copy = directory / f"{path.stem}.v"
        write_text(copy, text)
        sources = Sources.of(copy)
        found = elaborate(sources, top=TOP, public=(), directory=directory)
    return {port.name: port for port in found.ports}


def _check_size(path: Path, found: dict[str, Port], config: TileConfig) -> None:
    if not {"xb_dac", "xb_adc"} <= found.keys():
        return
    rows, columns = (found[name].width / 8 for name in ("xb_dac", "xb_adc"))
    if (rows, columns) != (config.rows, config.columns):
        raise AlpineError(
            f"tile Verilog {path} has {rows:g} word lines x {columns:g} bit lines, but the run "
            f"needs {config.rows} x {config.columns}: `alpine verilog --rows {config.rows} "
            f"--cols {config.columns} --out verilog` writes such a tile"
        )


def _check_port(path: Path, found: dict[str, Port], port: Port) -> None:
    needed = _described(port)
    if port.name not in found:
        raise AlpineError(
            f"tile Verilog {path} has no port {port.name}, which must be {needed}: keep the ports "
            f"of the file that `alpine verilog` writes"
        )
    has = _described(found[port.name])
    if has != needed:
        raise AlpineError(f"port {port.name} of tile Verilog {path} is {has}, not {needed}")


def _described(port: Port) -> str:
    return f"an {port.direction.value} of {counted(port.width, 'bit')}"
