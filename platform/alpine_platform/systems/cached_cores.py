# SPDX-License-Identifier: Apache-2.0
"""What all cores with caches of a system share: memory, compiled pipelines, their advance."""

import simpy

from alpine_platform.config import SystemConfig
from alpine_platform.cores.core_model import CorePlace
from alpine_platform.cores.loop_service import LoopService
from alpine_platform.cores.pipelines import Pipelines
from alpine_platform.memory.memory_system import MemorySystem

__all__ = ["CachedCores"]


class CachedCores:
    """The memory system of the complexes and the pipelines of their in-order cores.

    Parameters
    ----------
    env : the discrete-event kernel.
    config : a system with complexes of cores.
    """

    def __init__(self, env: simpy.Environment, config: SystemConfig) -> None:
        self._env = env
        self._periods_fs = {
            number: each.core.period_fs
            for numbers, each in config.core_complexes()
            for number in numbers
        }
        self.memory_system = MemorySystem(config)
        self.pipelines = Pipelines(config, self.memory_system)
        self.loops = LoopService(env, self.pipelines)

    def place(self, number: int) -> CorePlace:
        """Return where the model of a core stands."""
        return CorePlace(
            env=self._env,
            number=number,
            period_fs=self._periods_fs[number],
            memory=self.memory_system.port(number),
            pipelines=self.pipelines,
            loops=self.loops,
        )
