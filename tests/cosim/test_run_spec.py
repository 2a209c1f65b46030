# SPDX-License-Identifier: Apache-2.0
"""One description of a run: read back from wherever it was, the same in every process."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from click.testing import CliRunner
from hypothesis import given
from small_perceptron import small_perceptron_is_mlp

from alpine_cosim import RunSpec, run, run_spec
from alpine_cosim.cli import cli
from alpine_cosim.spec.keywords import changed, keywords_of
from alpine_cosim.spec.networks import NETWORKS
from alpine_cosim.spec.spec_file import read_spec, spec_from_text, spec_text
from alpine_models.errors import AlpineError
from alpine_papers.alpine2022.runs import record_of

PATHS = st.sampled_from(["weights.npz", 'a "quoted" name', "back\\slash", "\x7f \u00e9 \U0001f600"])
OPTIONS = {
    "mlp": {"input_format": st.sampled_from(["int8", "fp32"]), "weights": PATHS},
    "lstm-256": {"activations": st.sampled_from(["eigen", "libm"]), "weights": PATHS},
    "cnn-m": {"normalisation": st.booleans(), "literal_table": st.booleans()},
}
WRITING = {"text": st.text(min_size=1), "length": st.integers(1, 99), "greedy": st.booleans()}
DEVICES = st.sampled_from(["pcm", "hermes-1", "hermes-2"])
CHIPS = {
    "after": st.floats(0, 1e8),
    "compensate": st.sampled_from(["none", "tile", "column"]),
    "effects": st.sampled_from([["drift", "read"], ["programming", "drift", "ir-drop=0.5"]]),
    "adc_bits": st.integers(2, 8),
    "verify": st.sampled_from([2.5, "3"]),
}
SETTINGS = st.sampled_from(
    ["core.frequency_hz=1.1GHz", "cores=4", "io.posted_stores=true", "placement=packed"]
)


@st.composite
def specs(draw: st.DrawFn) -> RunSpec:
    """Specifications of every network in which any field may have any value."""
    network = draw(st.sampled_from(list(OPTIONS)))
    digital, writes = draw(st.booleans()), network == "lstm-256" and draw(st.booleans())
    optional: dict[str, Any] = {
        **OPTIONS[network],
        "seed": st.integers(0, 2**64 - 1),
        "software": st.sampled_from(["released", "tuned"]),
        "digital_style": st.sampled_from(["neon4", "neon1"]),
        "sync": st.sampled_from(["linux", "bare-metal"]),
        "system": st.sampled_from(["high-power", "low-power"]),
        "settings": st.lists(SETTINGS),
        "back_door": st.booleans(),
        **({} if writes else {"inferences": st.integers(1, 99)}),
    }
    if digital:
        optional |= {"cores": st.integers(1, 8)}
    else:
        optional |= {"tile_verilog": PATHS, **({} if writes else {"chips": st.integers(1, 9)})}
    chosen = draw(st.fixed_dictionaries({}, optional=optional))
    if writes:
        chosen |= {"text": "a"} | draw(st.fixed_dictionaries({}, optional=WRITING))
    if not digital and draw(st.booleans()):
        chosen |= draw(st.fixed_dictionaries({"device": DEVICES}, optional=CHIPS))
        if "verify" in chosen and "programming" not in chosen.get("effects", ["programming"]):
            del chosen["effects"]
    else:
        chosen.pop("chips", None)
    case = "digital" if digital else draw(st.sampled_from(NETWORKS[network].cases[:1]))
    return run_spec(network, case=case, engine="rtl", **chosen)


@given(specs())
def test_a_specification_is_read_back_from_toml_pickle_and_keywords(spec: RunSpec):
    assert spec_from_text(spec_text(spec)) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    again = run_spec(spec.network, **keywords_of(spec))
    assert (again, hash(again)) == (spec, hash(spec))


FULL = {
    "mlp": {
        "case": "2", "engine": "model", "inferences": 3, "seed": 4, "software": "tuned",
        "digital_style": "neon1", "system": "low-power", "settings": ["cores=4"], "device": "pcm",
        "after": "1day", "compensate": "tile", "effects": ["drift", "programming"], "adc_bits": 6,
        "verify": 2, "chips": 2, "back_door": True, "input_format": "fp32",
        "weights": "hardware-aware",
    },
    "lstm-256": {
        "text": "a", "length": 2, "greedy": True, "activations": "libm",
        "weights": "hardware-aware",
    },
    "cnn-m": {"case": "digital", "cores": 8, "normalisation": False, "literal_table": True},
}  # fmt: skip
"""Between them, every field with another value than its default."""


def parts_of(value: Any) -> dict[str, Any]:
    found = {}
    for item in fields(value):
        inner = getattr(value, item.name)
        name = f"{type(value).__name__}.{item.name}"
        found |= parts_of(inner) if is_dataclass(inner) else {name: inner}
    return found


def test_every_field_counts_for_the_digest():
    differing, known = set(), set()
    for network, keywords in FULL.items():
        full, usual = run_spec(network, **keywords), run_spec(network)
        assert spec_from_text(spec_text(full)) == full
        for name, value in parts_of(full).items():
            known.add(name)
            differing |= {name} if value != parts_of(usual)[name] else set()
        for keyword, value in keywords.items():
            least = {
                name: keywords[name] for name in ("case", "device", "text") if name in keywords
            }
            if keyword not in least:
                without = run_spec(network, **least)
                assert run_spec(network, **least, **{keyword: value}).digest != without.digest
    # A tile of one's own is a file, which the next test looks into; programs have tests of theirs.
    assert known - differing == {"TileChoice.verilog", "RunSpec.network", "RunSpec.program"}


@pytest.mark.parametrize("keyword", ["tile_verilog", "mapping", "weights"])
def test_files_count_by_their_contents(tmp_path: Path, keyword: str):
    path = tmp_path / "file"
    spec = run_spec("mlp", **{keyword: path})
    assert spec_from_text(spec_text(spec)) == spec == run_spec("mlp", **keywords_of(spec))
    with pytest.raises(AlpineError, match=r"file .*file of a run cannot be read: No such file"):
        _ = spec.digest
    path.write_text("content")
    before = spec.digest
    path.write_text("Content")
    assert spec.digest != before
    moved = path.rename(tmp_path / "moved")
    path.write_text("Content")
    assert run_spec("mlp", **{keyword: moved}).digest == spec.digest


def test_a_digest_is_the_same_in_every_process():
    keywords = {**FULL["mlp"], "settings": ["l2.mshrs=5", "core.frequency_hz=1e9", "cores=4"]}
    script = (
        "import json, sys; from alpine_cosim import run_spec;"
        "print(run_spec('mlp', **json.loads(sys.argv[1])).digest)"
    )
    other = {**keywords, "settings": keywords["settings"][::-1]}
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(other)],
        env={**os.environ, "PYTHONHASHSEED": "5"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == run_spec("mlp", **keywords).digest


def test_what_equals_the_preset_is_no_change():
    assert run_spec("mlp", settings=["core.frequency_hz=2.3GHz"]) == run_spec("mlp")
    linux = run_spec("mlp", sync="linux")
    assert linux == run_spec("mlp", settings=["sync.linux=true"])
    assert changed(linux, sync="bare-metal") == run_spec("mlp")
    slow = changed(linux, settings=["cores=4"])
    assert slow.system.changes == (("cores", 4), ("sync.linux", True))
    assert changed(slow, system="low-power").system.changes == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case = 1", 'a run needs a network or a program: write network = "mlp"'),
        ('network = "mlp"\ncase = 2\nmapping = "m.yaml"', "mapping file m.yaml stands in place of"),
        ('network = "mpl"', "unknown network 'mpl': did you mean mlp"),
        ('network = "mlp"\nsytem = "x"', "a run has no sytem: did you mean system?"),
        ('network = "mlp"\n[device]\nbits = 3', r"a run has no device.bits: .* device.adc_bits"),
        ('network = "mlp"\n[options]\ntext = "a"', "a run has no options.text: did you mean "),
        ('network = "mlp"\nsoftware = 3', r"software 3 is refused: give a table, as \[software\]"),
        ('network = "mlp"\nsystem = "hihg-power"', "unknown system 'hihg-power': did you mean"),
        ('network = "mlp"\n[system.changes]\ncore.speed = 1', "unknown field 'core.speed'"),
        ('network = "mlp"\n[system.changes]\ncores = [1]', "cores must be a whole number"),
        ('network = "mlp"\n[system]\nchanges = 3', "changes 3 of the system are refused: give va"),
        ('network = "mlp"\nseed = "a"', "seed 'a' is refused: give a whole number"),
        ('network = "mlp"\nengine = 3', "unknown engine 3: choose from rtl, cocotb, model"),
        ("network = ", r"Invalid value \(at end of document\)"),
    ],
)
def test_mistakes_in_a_file_are_one_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(AlpineError, match=f"run.toml: {message}") as told:
        read_spec(path)
    assert "\n" not in str(told.value)


def test_a_short_file_says_what_differs_from_the_defaults(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text(
        'network = "lstm-256"\ncase = 2\nsystem = "low-power"\n'
        '[device]\nname = "pcm"\nafter_s = "1day"\n[options]\nactivations = "libm"\n'
    )
    assert read_spec(path) == run_spec(
        "lstm-256", case=2, system="low-power", device="pcm", after=86400, activations="libm"
    )
    assert str(read_spec(path)) == (
        "lstm-256, case 2, low-power, engine rtl, device.name=pcm, device.after_s=86400.0, "
        "options.activations=libm"
    )


def test_the_page_s_files_describe_runs():
    page = (Path(__file__).parents[2] / "docs" / "runs.md").read_text()
    short, nested, program = (
        spec_from_text(part.partition("```")[0]) for part in page.split("```toml")[1:]
    )
    assert short == run_spec(
        "lstm-256", case=2, engine="model", seed=7, system="low-power", device="pcm",
        after="1day", compensate="tile", activations="libm",
    )  # fmt: skip
    assert program == run_spec(program="examples/02_own_program.py:setup", engine="model")
    assert nested == run_spec("mlp", case=3, settings=["core.frequency_hz=1e9"], sync="linux")


def compared(result: dict[str, Any]) -> dict[str, Any]:
    host = ("host_seconds", "host_tile_cycles_per_second", "processor_seconds")
    return {name: value for name, value in result.items() if name not in host}


def test_every_way_in_gives_the_same_result(tmp_path: Path):
    chosen = {"case": 2, "engine": "model", "settings": ["core.frequency_hz=1e9"], "sync": "linux"}
    spec = run_spec("mlp", inferences=2, **chosen)
    file, typed, read = (tmp_path / name for name in ("run.toml", "typed.json", "read.json"))
    file.write_text(spec_text(replace(spec, inferences=1)))
    options = ["--case", "2", "--engine", "model", "--set", "core.frequency_hz=1e9"]
    with small_perceptron_is_mlp():
        results = [
            json.loads(run("mlp", inferences=2, **chosen).to_json()),
            json.loads(run(spec).to_json()),
            json.loads(run(replace(spec, inferences=1), inferences=2).to_json()),
            record_of(pickle.loads(pickle.dumps(spec))),
        ]
        for arguments, path in (
            (["mlp", *options, "--sync", "linux"], typed),
            (["--spec", str(file)], read),
        ):
            command = ["run", *arguments, "--inferences", "2", "--json", str(path)]
            done = CliRunner().invoke(cli, command)
            assert done.exit_code == 0, done.output
            results.append(json.loads(path.read_text()))
    assert all(compared(result) == compared(results[0]) for result in results)
    assert results[0]["outputs_equal_golden"] is True


def test_a_command_writes_what_it_would_run(tmp_path: Path):
    file = tmp_path / "run.toml"
    command = ["run", "cnn-m", "--as-printed", "--set", "cores=9", "--write-spec", str(file)]
    assert CliRunner().invoke(cli, command).exit_code == 0
    assert read_spec(file) == run_spec("cnn-m", literal_table=True, settings=["cores=9"])
    # Options beside a file replace what it says, their defaults do not.
    other = tmp_path / "other.toml"
    command = ["run", "--spec", str(file), "--seed", "3", "--write-spec", str(other)]
    assert CliRunner().invoke(cli, command).exit_code == 0
    assert read_spec(other) == replace(read_spec(file), seed=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to run: name a network, as in `alpine run mlp`, or --program or --spec"),
        (["mlp", "--spec", "run.toml"], "network mlp and --spec both say what runs"),
        (["--spec", "none.toml"], "none.toml: No such file or directory"),
        (["mlp", "--option", "colour"], "setting 'colour' is not NAME=VALUE"),
        (["mlp", "--option", "colour=3"], "network mlp has no option colour; its own are "),
    ],
)
def test_mistakes_of_a_command_are_named(arguments: list[str], message: str):
    done = CliRunner().invoke(cli, ["run", *arguments])
    assert isinstance(done.exception, AlpineError)
    assert str(done.exception).startswith(message)
