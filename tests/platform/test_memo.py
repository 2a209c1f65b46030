import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpine_platform.loop_body import LoopBody, compile_body
from alpine_platform.operations import RunLoop
from alpine_platform.pipeline import FlatLoop, Phase, Stream
from alpine_platform.presets import SYSTEMS
from alpine_platform.system import System
from alpine_sw.kernels import BODIES

MEMO_BODIES = [name for name in BODIES if "cm_" not in name]


def measure(system_name: str, body: LoopBody, iterations: int, repeats: int, strides: list[int]):
    streams = {
        name: Stream(
            address=(1 << 28) + place * 129 * 1024,
            stride=strides[place % len(strides)],
            repeat_stride=64 * place,
        )
        for place, name in enumerate(compile_body(body).streams)
    }
    loop = RunLoop(
        phases=[Phase(body=body, iterations=iterations, streams=streams)], repeats=repeats
    )

    def program():
        yield loop

    system = System(SYSTEMS[system_name])
    system.run({0: program()})
    return system.run({0: program()})


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(MEMO_BODIES),
    st.integers(1, 200),
    st.integers(1, 6),
    st.lists(st.sampled_from([0, 4, 16, 64, 1024]), min_size=1, max_size=4),
    st.sampled_from(sorted(SYSTEMS)),
)
def test_remembered_iterations_change_next_to_nothing(name, iterations, repeats, strides, system):
    remembered = measure(system, BODIES[name], iterations, repeats, strides)
    with pytest.MonkeyPatch.context() as patch:
        sizes = FlatLoop.sizes.fget
        patch.setattr(FlatLoop, "sizes", property(lambda flat: (*sizes(flat)[:4], 0)))
        computed = measure(system, BODIES[name], iterations, repeats, strides)
    assert remembered.instructions == computed.instructions
    assert remembered.memory == computed.memory
    # States older than some tens of cycles count as equal, which may move a few cycles.
    assert remembered.time_fs == pytest.approx(computed.time_fs, rel=0.02)
