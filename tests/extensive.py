# SPDX-License-Identifier: Apache-2.0
"""Tests that `make check` runs and `make test` leaves out.

Each takes 4 to 45 s of processor time, a third of the suite's together. Most hold at another
geometry, engine, network or number of processes what a quicker test holds already; the others are
about synthesis, a page, a waveform or an example.
"""

from collections.abc import Sequence

import pytest

__all__ = ["EXTENSIVE", "mark_extensive"]

EXTENSIVE: dict[str, tuple[str, ...]] = {
    "cocotb_tests/aimc_axi/test_axi_client.py": (
        "test_accelerator_under_an_independent_master[single]",
    ),
    "cocotb_tests/cells/test_cells_block.py": ("test_cells_block",),
    "cocotb_tests/crossing/test_crossing_block.py": ("test_crossing_block",),
    "cocotb_tests/aimc_tile/test_aimc_tile.py": (
        "test_tile[1x1]",
        "test_tile[13x18]",
        "test_tile[16x16_exactly_full]",
        "test_tile[4x8_shortest_phases]",
    ),
    "cocotb_tests/imc_cluster/test_imc_cluster.py": (
        "test_top[cluster_accelerators]",
        "test_top[depthwise]",
        "test_top[ima_sequential]",
        "test_top[ima_sequential_two_ports]",
        "test_top[ima_two_ports]",
        "test_top[tcdm]",
    ),
    "tests/cosim/test_accelerator_agreement.py": (
        "test_random_programs_agree_to_the_cycle[single]",
    ),
    "tests/cosim/test_batched.py": (
        "test_codes_are_those_of_a_run[lstm-256-2]",
        "test_codes_are_those_of_a_run[lstm-256-3]",
        "test_codes_are_those_of_a_run[mlp-1]",
        "test_codes_are_those_of_a_run[mlp-2]",
        "test_codes_are_those_of_a_run[mlp-loose]",
        "test_threads_and_ideal_tiles_change_nothing",
    ),
    "tests/cosim/test_cluster.py": ("test_a_call_that_takes_all_memory_is_a_row_with_an_error",),
    "tests/cosim/test_cluster_engines.py": (
        "test_model_and_rtl_are_alike_in_every_byte_edge_and_counter[sequential]",
    ),
    "tests/cosim/test_cocotb_engine.py": (
        "test_engines_agree_on_data_and_every_edge[config2-434783-1000000]",
        "test_engines_agree_on_data_and_every_edge[config3-1000000-1000000]",
        "test_faulty_rtl_is_found_out_as_by_the_native_engine[never answering]",
        "test_interrupt_ends_the_simulator_and_leaves_nothing",
        "test_waveform_is_written[vcd]",
    ),
    "tests/cosim/test_device_session.py": (
        "test_cocotb_agrees_and_a_chip_is_the_same_one_alone",
        "test_recurrent_network_on_both_engines",
        "test_verified_cells_are_the_same_through_the_port_and_without_the_system",
    ),
    "tests/cosim/test_exec_aarch64.py": ("test_a_waveform_shows_the_programs_products",),
    "tests/cosim/test_fault_campaign.py": (
        "test_same_seed_same_campaign_whatever_the_processes_and_other_sites",
    ),
    "tests/cosim/test_fault_chips.py": (
        "test_ctrl_c_prints_and_writes_what_was_run",
        "test_waveforms_of_chosen_faults_begin_with_the_run",
    ),
    "tests/cosim/test_loose_session.py": (
        "test_cocotb_agrees_with_the_timed_accelerator",
        "test_engines_agree_on_everything_but_host_time[settings1-False]",
        "test_engines_agree_on_everything_but_host_time[settings1-True]",
        "test_engines_agree_on_imperfect_chips",
    ),
    "tests/cosim/test_lstm_session.py": (
        "test_engines_give_the_golden_probabilities_and_the_same_times[3]",
        "test_engines_give_the_golden_probabilities_and_the_same_times_in_the_published_tile",
    ),
    "tests/cosim/test_paper.py": ("test_finished_runs_are_reused_and_damaged_ones_run_again",),
    "tests/cosim/test_session.py": (
        "test_a_trace_shows_the_first_inference_with_wrong_outputs",
        "test_traces_show_the_first_and_the_last_inference",
    ),
    "tests/cosim/test_study.py": (
        "test_processes_change_nothing_and_finished_chips_are_kept",
        "test_training_with_noise_helps",
        "test_verification_is_part_of_a_study_and_of_its_title",
    ),
    "tests/cosim/test_sweep_command.py": (
        "test_ctrl_c_leaves_no_process_and_the_next_call_goes_on",
    ),
    "tests/cosim/test_synthesis.py": (
        "test_a_small_tile_is_placed_and_routed",
        "test_no_top_has_latches",
        "test_only_banks_and_their_decode_grow",
        "test_the_command_writes_a_page_of_what_was_measured",
    ),
    "tests/cosim/test_timed_coupling.py": (
        "test_random_programs_agree_behind_cvxif[single]",
        "test_random_programs_cross_to_the_cycle[single]",
    ),
    "tests/cosim/test_verilated_types.py": ("test_cocotb_reads_the_same_at_every_port",),
    "tests/rtl/test_cluster_formal.py": (
        "test_a_fault_of_the_block_is_refuted[hwpe_acquire]",
        "test_a_fault_of_the_block_is_refuted[hwpe_answer]",
        "test_a_fault_of_the_block_is_refuted[hwpe_busy]",
        "test_a_fault_of_the_block_is_refuted[hwpe_event_missing]",
        "test_a_fault_of_the_block_is_refuted[hwpe_event_unasked]",
        "test_a_fault_of_the_block_is_refuted[hwpe_finished]",
        "test_a_fault_of_the_block_is_refuted[hwpe_order]",
        "test_a_fault_of_the_block_is_refuted[hwpe_running]",
        "test_a_fault_of_the_block_is_refuted[nest_address]",
        "test_a_fault_of_the_block_is_refuted[source_hesitates]",
        "test_a_fault_of_the_block_is_refuted[source_order]",
        "test_a_fault_of_the_block_is_refuted[source_overflow]",
        "test_a_fault_of_the_block_is_refuted[source_unasked]",
        "test_a_fault_of_the_block_is_refuted[source_withdrawn]",
    ),
    "tests/rtl/test_coverage.py": ("test_random_programs_reach_every_bin[single]",),
    "tests/rtl/test_formal.py": (
        "test_claim_holds[address generator of the IMC cluster]",
        "test_claim_holds[bytes of the TCDM of the IMC cluster]",
        "test_claim_holds[stream sink of the IMC cluster]",
        "test_claim_holds[stream source of the IMC cluster]",
        "test_claim_holds[contract, 4 x 8, phases 1/98/1, one buffer]",
        "test_claim_holds[contract, 4 x 8, phases 1/98/1, two buffers]",
        "test_claim_holds[not vacuous, 5 x 3, phases 1/2/1, one buffer]",
        "test_claim_holds[not vacuous, 5 x 3, phases 1/2/1, two buffers]",
    ),
    "tests/rtl/test_ima.py": (
        "test_no_output_depends_on_an_input_within_a_cycle[ClusterAccelerators]",
        "test_the_published_crossbar_takes_34_cycles_a_job",
    ),
    "tests/rtl/test_verilog.py": (
        "test_lint_is_clean_whatever_the_geometry[1-5]",
        "test_lint_is_clean_whatever_the_geometry[16-16]",
        "test_lint_is_clean_whatever_the_geometry[3-2]",
        "test_lint_is_clean_whatever_the_geometry[8-64]",
    ),
    "tests/sw/test_cnn_networks.py": (
        "test_every_layer_uses_its_codes_on_the_photographs[cnn-m-True-True]",
    ),
    "tests/sw/test_networks_lstm.py": (
        "test_int8_bits_on_all_held_out_text_are_the_recorded_ones_and_close_to_fp32[512-None]",
        "test_int8_bits_on_all_held_out_text_are_the_recorded_ones_and_close_to_fp32[750-None]",
    ),
    "tests/test_examples.py": (
        "test_examples_do_what_they_say[03_own_network]",
        "test_examples_do_what_they_say[05_device_study]",
        "test_examples_do_what_they_say[07_waveform]",
        "test_examples_do_what_they_say[12_sweep_tiles]",
    ),
    "tests/test_site.py": ("test_pages_build_without_a_warning_and_a_broken_link_is_one",),
}
"""Names of tests by file; a name without brackets stands for all its parameters."""


def mark_extensive(items: Sequence[pytest.Item], *, whole_files: bool) -> None:
    """Mark the collected tests of the list.

    Parameters
    ----------
    whole_files : the files of the items were collected whole.

    Raises
    ------
    pytest.UsageError
        A file that was collected whole lacks a test of the list.
    """
    missing = {(file, name) for file, names in EXTENSIVE.items() for name in names}
    collected: set[str] = set()
    for item in items:
        file, _, name = item.nodeid.partition("::")
        collected.add(file)
        for known in {name, name.partition("[")[0]} & set(EXTENSIVE.get(file, ())):
            item.add_marker(pytest.mark.extensive)
            missing.discard((file, known))
    gone = sorted(f"{file}::{name}" for file, name in missing if file in collected)
    if whole_files and gone:
        raise pytest.UsageError(f"tests/extensive.py lists tests that do not exist: {gone}")
