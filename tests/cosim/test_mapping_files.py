# SPDX-License-Identifier: Apache-2.0
"""A mapping of a user's own, from a file to a run."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from alpine_cosim import run
from alpine_cosim.cli import cli
from alpine_cosim.spec.keywords import keywords_of, run_spec
from alpine_models.errors import AlpineError


def written(path: Path, network: str, *options: str) -> str:
    """Write a mapping with the command; return what it prints."""
    done = CliRunner().invoke(cli, ["mapping", network, *options, "--write", str(path)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(("network", "case"), [("mlp", "1"), ("mlp", "loose"), ("lstm-256", "3")])
def test_a_case_written_and_read_back_runs_as_the_case(network: str, case: str, tmp_path: Path):
    file = tmp_path / "mine.yaml"
    assert written(file, network, "--case", case).startswith("| core | turn | node |")
    options = {"engine": "model", "inferences": 2, "back_door": True}
    mine, published = run(network, mapping=file, **options), run(network, case=case, **options)
    assert mine.case == "mapped"
    for name in ("time_s", "energy_j", "outputs_sha256", "breakdown", "instructions"):
        assert getattr(mine, name) == getattr(published, name)


def test_an_edited_file_runs_as_it_says(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    written(file, "mlp", "--case", "2")
    file.write_text(file.read_text().replace("turn: 1", "turn: 1, style: {operands: tuned}"))
    options = {"engine": "model", "inferences": 2, "back_door": True}
    mine, published = run("mlp", mapping=file, **options), run("mlp", case=2, **options)
    assert mine.outputs_equal_golden
    assert mine.time_s < published.time_s


def test_a_file_is_part_of_what_a_run_is(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: a\n")
    spec = run_spec("mlp", mapping=file)
    before = spec.digest
    assert run_spec("mlp", **keywords_of(spec)) == spec
    file.write_text("name: b\n")
    assert run_spec("mlp", mapping=file).digest != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"case": 2}, r"mapping file mine.yaml stands in place of case 2: leave one out"),
        ({"software": "tuned"}, r"mapping file mine.yaml has the styles of the software: leave"),
        ({"input_format": "fp32"}, r"mapping file mine.yaml has the format of the inputs: leave"),
        ({}, r"mapping file mine.yaml: No such file"),
    ],
)
def test_mistakes_are_one_line(options: dict[str, object], message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        run("mlp", mapping="mine.yaml", engine="model", inferences=1, **options)
    assert "\n" not in str(caught.value)
