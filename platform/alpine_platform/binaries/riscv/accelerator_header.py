# SPDX-License-Identifier: Apache-2.0
"""The C++ header of the register maps of a cluster's accelerators and DMA."""

from collections.abc import Iterable, Iterator

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.hwpe_registers import (
    CONTEXT_OFFSETS,
    DEPTHWISE_ID,
    DEPTHWISE_REGISTERS,
    HWPE_VERSION,
    IMA_ID,
    IMA_REGISTERS,
    NO_CONTEXT,
    context_registers,
)
from alpine_models.imc_cluster import ClusterError
from alpine_models.register_map import Register, RegisterMap

__all__ = ["ACCELERATOR_HEADER_NAME", "accelerator_header"]

ACCELERATOR_HEADER_NAME = "accelerator_registers.hpp"
"""Name under which native sources include it."""


def accelerator_header() -> str:
    """Return the text of the header."""
    common = [r for r in DEPTHWISE_REGISTERS.registers if r.offset < CONTEXT_OFFSETS.start]
    lines = [
        "// Made by alpine_platform.binaries.riscv.accelerator_header from the register maps.",
        "",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace alpine {",
        "",
        "enum class ClusterError : uint8_t {",
        *(f"    k{_camel(code.name.lower())} = {code.value}," for code in ClusterError),
        "};",
        *_registers("HwpeRegister", common),
        *_registers("ImaRegister", IMA_REGISTERS.registers),
        *_registers("DepthwiseRegister", DEPTHWISE_REGISTERS.registers),
        *_registers("DmaRegister", DMA_REGISTERS.registers),
        f"constexpr uint32_t kImaId = {IMA_ID:#x}, kDepthwiseId = {DEPTHWISE_ID:#x};",
        f"constexpr uint32_t kHwpeVersion = {HWPE_VERSION:#x}, kNoContext = {NO_CONTEXT:#x};",
        f"constexpr uint32_t kContextOffset = {CONTEXT_OFFSETS.start:#x};",
        f"constexpr uint32_t kContextWords = {len(CONTEXT_OFFSETS) // 4};",
        f"constexpr uint32_t kResetProductCycles = "
        f"{IMA_REGISTERS['product_cycles'].fields[0].reset};",
        *_masks("Ima", IMA_REGISTERS),
        *_masks("Depthwise", DEPTHWISE_REGISTERS),
        "",
        "}  // namespace alpine",
        "",
    ]
    return "\n".join(lines)


def _registers(name: str, registers: Iterable[Register]) -> Iterator[str]:
    yield f"enum class {name} : uint32_t {{"
    for register in registers:
        yield f"    k{_camel(register.name)} = {register.offset:#x},"
    yield "};"


def _masks(name: str, registers: RegisterMap) -> Iterator[str]:
    """Bits that the registers of a context keep, in the order of their offsets."""
    words = context_registers(registers)
    masks = [sum((1 << f.width) - 1 << f.low for f in word.fields) for word in words]
    listed = ", ".join(f"{mask:#x}" for mask in masks)
    yield f"constexpr uint32_t k{name}ContextWords = {len(words)};"
    yield f"constexpr uint32_t k{name}ContextMasks[] = {{{listed}}};"


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
