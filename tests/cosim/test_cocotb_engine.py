import numpy as np
import pytest

from alpine_cosim.cocotb.engine import run_in_cocotb
from alpine_cosim.rtl_tile import RtlTile, RtlTilePort
from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.tile_port import empty_batch
from alpine_platform.time import period_fs
from alpine_platform.timed_tile import TimedTile, TimedTilePort
from alpine_rtl.tile import AimcTile
from alpine_rtl.verilog import emit

CORE_FS, TILE_FS = period_fs(2.3e9), period_fs(1e9)
HERE = f"{__name__}"
