# SPDX-License-Identifier: Apache-2.0
"""Why runs deviate by more than the limits: the calibration page prints these beside the errors."""

__all__ = [
    "CYCLE_EXPLANATIONS",
    "INSTRUCTION_EXPLANATIONS",
    "INSTRUCTION_REGION_EXPLANATIONS",
    "MISS_EXPLANATION",
    "REGION_EXPLANATIONS",
]

COPY_ROWS = (
    "the reference's rows of this copy take 502 to 588 cycles at equal instructions and misses; its"
    " code's place in fetch lines is not given"
)
FIRST_TOUCH = (
    "a few lines that nobody touched before: their time depends on which DRAM rows are open and on"
    " where outputs begin in a line, and the reference's layout is not given"
)
LAYOUT = "depends on which buffers share sets of the L2; the reference's layout is not given"
LIBM_COMBINATION = (
    "the loop that multiplies o by tanhf(c) holds some 5 instructions more per element than the two"
    " loops here"
)
EIGEN = "set-up and left-over elements of Eigen's expressions, which the reference does not give"
CONV_COPY = (
    "its rows hold more instructions than copies of this size in mb_conv: 25 loop iterations for"
    " 1536 bytes, where 22 suffice"
)
FUNCTIONS = "instructions around the loop, which the reference does not give"
CYCLE_EXPLANATIONS = {
    "mb_bw:rd_16k": "instruction caches are taken as hitting; here, the first code of its job, the"
    " reference misses 88 (hp) and 97 (lp) lines of it in L1, and nearly all in L2",
    "mb2_mem:chase_stride256k_DRAM": "the reference's time per load is below its own average DRAM"
    " latency plus the fixed path; 112 loads only",
    "mb2_pipe:ldr_cmq_pair": "CM_QUEUE right behind the load of its operand, where it takes one"
    " cycle: why MinorCPU stalls there is not understood; loops of software do not do it",
    "mb2_pipe:ldr4_cmq4": "as mb2_pipe:ldr_cmq_pair",
    "mb_conv:im2col_11x11x3_row": "one instruction miss of the reference's hp run waits for a"
    " refresh: 362 ns, that is 943 of its 4220 cycles; without it both systems agree with ours",
    "mlp_ana3_word": "with cold inputs the reference's two cores take 400 to 1800 cycles and 500 to"
    " 1200 instructions an inference more, on both systems; that is one or two hand-overs in which"
    " here nobody waits, and not the time of 16 DRAM lines. Warm, mlp_ana3 agrees within 1 %",
    "conv3_ana_word:queue": "its word loop is not given; see the counts in `convolution`",
    "conv1_ana_word:dequeue": FUNCTIONS,
    "conv3_dig:act": "its sums come from DRAM; the reference has 1.5 lines under way at a time,"
    " which one line an iteration does not explain",
    "conv1_dig:im2col": COPY_ROWS,
    "conv1_ana_word:im2col": COPY_ROWS,
    "conv1_ana:im2col": COPY_ROWS,
    "conv3_ana:im2col": CONV_COPY,
    "conv3_ana_word:im2col": CONV_COPY,
    "conv3_dig:im2col": CONV_COPY,
    "lstm256_dig:dequant": FUNCTIONS,
    "lstm256_dig:input_load": LAYOUT,
    "lstm256_dig:gate_comb": LAYOUT,
    "lstm256_dig:dense": LAYOUT,
    "lstm256_ana_libm:gate_comb": LIBM_COMBINATION,
    "lstm750_ana_libm:gate_comb": LIBM_COMBINATION,
}
"""Start of a run's name -> why its cycles are off, where a run shows it."""
REGION_EXPLANATIONS = {
    "input_load": COPY_ROWS,
    "writeback": FIRST_TOUCH,
    "softmax": "beside the weights' stream the function's constants and stack leave the L2: one or"
    " two misses per call in the reference",
}
"""The same by the region's name."""

INSTRUCTION_EXPLANATIONS = {
    "pp:pp_atomic_flag": "the reference's two systems differ by 3.6 %",
    "pp:pp_atomic_1k": "looks of the spinning cores, in proportion to the time; and our time is 4 %"
    " short",
    "mlp_ana3_word": "one or two hand-overs an inference in which here nobody waits",
    "mlp_dig2": "core 0 spins at the end until core 1 is ready; how far ahead it is depends on the"
    " cycles of both",
    "lstm256_ana_libm:gate_comb": LIBM_COMBINATION,
    "lstm750_ana_libm:gate_comb": LIBM_COMBINATION,
    "conv3_ana:im2col": CONV_COPY,
    "conv3_ana_word:im2col": CONV_COPY,
    "conv3_dig:im2col": CONV_COPY,
}
"""The same for instruction counts."""
INSTRUCTION_REGION_EXPLANATIONS = {
    "gate_comb": EIGEN,
    "dequant": EIGEN,
    "quant": EIGEN,
    "act": FUNCTIONS,
    "writeback": FUNCTIONS,
    "queue": FUNCTIONS,
    "dequeue": FUNCTIONS,
}
MISS_EXPLANATION = LAYOUT
