# SPDX-License-Identifier: Apache-2.0
"""The header and the page made from the register maps."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alpine_models.registers import ACCELERATOR_REGISTERS, PAGE_REGISTERS, TILE_REGISTERS
from alpine_rtl.register_files import c_header, register_page

PAGE = Path(__file__).parents[2] / "docs" / "registers.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == register_page(), "run `make docs`"


def test_the_page_names_every_field():
    page = register_page()
    for registers in (TILE_REGISTERS, ACCELERATOR_REGISTERS, PAGE_REGISTERS):
        for register, field in registers.fields():
            name = register.name if field.name == "value" else f"{register.name}.{field.name}"
            assert f"| `{name}` |" in page


def test_the_header_gives_c_the_same_numbers(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "aimc_registers.h").write_text(c_header())
    prints, want = [], []
    for registers in (TILE_REGISTERS, ACCELERATOR_REGISTERS, PAGE_REGISTERS):
        prefix = registers.name.upper()
        for register, field in registers.fields():
            prints.append(f"{prefix}_{register.name.upper()}")
            want.append(register.offset)
            if field.name != "value":
                name = f"{prefix}_{register.signal_name(field).upper()}"
                prints += [f"{name}_SHIFT", f"{name}_MASK"]
                want += [field.low, field.mask]
    prints.append("AIMC_TILE_PAGE(2)")
    want.append(0xC0000)
    body = "\n".join(f'printf("%lu\\n", (unsigned long)({name}));' for name in prints)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "aimc_registers.h"\n'
        f"int main(void) {{\n{body}\nreturn 0; }}\n"
    )
    subprocess.run([compiler, "-Wall", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    out = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in out.split()] == want
