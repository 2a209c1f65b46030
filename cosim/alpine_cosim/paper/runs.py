"""Which runs the report needs, and a folder that keeps each finished one."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import alpine_models
from alpine_models.files import write_text
from alpine_models.published import mlp_factors
from alpine_platform.presets import SYSTEMS

from ..session import run

__all__ = ["Plan", "RunStore", "plan_mlp"]

INFERENCES = 10
"""As in the paper's runs of MLP and LSTM (Sec. VI)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run that the report needs: arguments of `alpine_cosim.run`."""

    network: str
    system: str
    case: str
    engine: str
    software: str
    digital_style: str = "neon4"
    cores: int | None = None
    inferences: int = INFERENCES

    @property
    def key(self) -> str:
        """Name of the run's file: readable, and different for different runs and versions."""
        text = json.dumps([asdict(self), alpine_models.__version__], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        cores = "" if self.cores is None else f"-{self.cores}cores"
        return f"{self.network}-{self.system}-{self.case}{cores}-{self.software}-{digest}"


class RunStore:
    """Finished runs in a folder, so that a stopped report goes on where it was.

    Parameters
    ----------
    folder : made if needed; one JSON file per run.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, plan: Plan) -> dict[str, Any] | None:
        """A finished run's result, or None; a damaged file counts as none and is removed."""
        path = self._path(plan)
        try:
            result: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            path.unlink(missing_ok=True)
            return None
        return result if result.get("plan") == asdict(plan) else None

    def complete(
        self,
        plans: Sequence[Plan],
        *,
        on_run: Callable[[Plan, bool], None] = lambda plan, reused: None,
    ) -> dict[Plan, dict[str, Any]]:
        """Return the results of all plans, running those that no earlier call has finished.

        ``on_run`` is told of each plan when it is done, and whether an earlier result served.
        """
        results: dict[Plan, dict[str, Any]] = {}
        for plan in plans:
            found = self.load(plan)
            reused = found is not None
            if found is None:
                found = self._run(plan)
            results[plan] = found
            on_run(plan, reused)
        return results

    def _run(self, plan: Plan) -> dict[str, Any]:
        result = run(
            plan.network,
            system=plan.system,
            case=plan.case,
            engine=plan.engine,
            cores=plan.cores,
            software=plan.software,
            digital_style=plan.digital_style,
            inferences=plan.inferences,
        )
        record = {"plan": asdict(plan), **json.loads(result.to_json())}
        write_text(self._path(plan), json.dumps(record, indent=1) + "\n")
        return record

    def _path(self, plan: Plan) -> Path:
        return self.folder / f"{plan.key}.json"


def plan_mlp(*, quick: bool = False) -> list[Plan]:
    """Runs behind Fig. 7 and 8: every case on both systems in both software styles.

    The released style goes through the RTL, the tuned one through the timed tile, which agrees with
    it to the cycle. ``quick`` uses the timed tile throughout.
    """
    plans: list[Plan] = []
    for system in SYSTEMS:
        for software, engine in (("released", "model" if quick else "rtl"), ("tuned", "model")):
            plans += [
                Plan(network="mlp", system=system, case=str(case), engine=engine, software=software)
                for case in (1, 2, 3, 4)
            ]
        plans += [
            Plan(
                network="mlp",
                system=system,
                case="digital",
                cores=cores,
                engine="model",
                software="released",
                digital_style=style,
            )
            for cores in sorted({factor.cores for factor in mlp_factors()})
            for style in ("neon4", "neon1", "eigen_i8row")
        ]
    return plans
