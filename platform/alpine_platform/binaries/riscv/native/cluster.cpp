// SPDX-License-Identifier: Apache-2.0
// The C interface of a cluster; Python's side is machine.py.

#include "accelerators_model.hpp"
#include "cluster.hpp"
#include "cluster_devices.hpp"
#include "cluster_memory.hpp"
#include "cluster_system.hpp"

using namespace alpine;
using namespace alpine::riscv;

extern "C" {

// What a core has done until now.
struct CoreReport {
    uint64_t cycles, instructions, stalls[kStalls];
    uint32_t state, pc, wait, wait_index, missing, padding;
};

Cluster* alpine_cluster_create(const Configuration* configuration) {
    return new Cluster(*configuration);
}

void alpine_cluster_destroy(Cluster* cluster) { delete cluster; }

uint8_t* alpine_cluster_add_memory(Cluster* cluster, uint32_t base, uint32_t size,
                                   uint32_t extra_cycles) {
    return cluster->memory.add(base, size, extra_cycles).bytes.data();
}

uint8_t* alpine_cluster_tcdm(Cluster* cluster) { return cluster->memory.tcdm().bytes.data(); }

uint32_t* alpine_cluster_registers(Cluster* cluster, uint32_t hart) {
    return cluster->cores[hart].x;
}

void alpine_cluster_start(Cluster* cluster, uint32_t hart, uint32_t pc) {
    cluster->cores[hart].pc = pc;
}

uint32_t alpine_cluster_run(Cluster* cluster, uint64_t limit, uint64_t budget) {
    return uint32_t(cluster->run(limit, budget));
}

const StopRecord* alpine_cluster_record(Cluster* cluster) { return &cluster->record; }

uint64_t alpine_cluster_now(Cluster* cluster) { return cluster->now; }

uint32_t alpine_cluster_calls(Cluster* cluster) { return cluster->pending_calls; }

void alpine_cluster_resume(Cluster* cluster, uint32_t hart) { cluster->resume(hart); }

void alpine_cluster_complete_off_load(Cluster* cluster, uint32_t hart, uint32_t value,
                                      uint64_t ready) {
    cluster->complete_off_load(hart, value, ready);
}

void alpine_cluster_halt(Cluster* cluster, uint32_t hart) { cluster->halt(hart); }

void alpine_cluster_report(Cluster* cluster, uint32_t hart, CoreReport* report) {
    const Core& core = cluster->cores[hart];
    *report = {};
    report->cycles = core.state == State::kHalted ? core.ended : cluster->now;
    report->instructions = core.instructions;
    for (int i = 0; i < kStalls; ++i) report->stalls[i] = core.stalls[i];
    const bool calls = cluster->pending_calls >> hart & 1;
    const bool accesses = core.state == State::kAccessing;
    if ((core.state == State::kWaiting && !calls) || accesses) {
        const bool gated = core.waiting.op == Op::kElw && !accesses;
        const Stall cause = gated ? Stall::kAsleep : Stall::kMemory;
        report->stalls[uint32_t(cause)] += cluster->now - core.waits_since;
    } else if (core.ready > cluster->now) {
        // Cycles of its last instruction that are still to come.
        report->stalls[uint32_t(core.last_stall)] -= core.ready - cluster->now;
    } else {
        report->stalls[uint32_t(Stall::kTrap)] += report->cycles - core.ready;
    }
    report->state = uint32_t(core.state);
    report->pc = core.pc;
    report->wait = uint32_t(cluster->events.waiting[hart].kind);
    report->wait_index = cluster->events.waiting[hart].index;
    report->missing = cluster->events.missing(hart);
}

AcceleratorsModel* alpine_accelerators_create(const AcceleratorGeometry* geometry,
                                              const AnalogMacro* macros, AcceleratorCalls* calls) {
    auto* model = new AcceleratorsModel(*geometry, macros);
    *calls = model->calls();
    return model;
}

void alpine_accelerators_destroy(AcceleratorsModel* model) { delete model; }

void alpine_cluster_attach(Cluster* cluster, const AcceleratorCalls* calls,
                           uint32_t memory_ports) {
    cluster->attach(*calls, memory_ports);
}

// Pins of accelerators without a call for their edges.
AcceleratorInputs* alpine_cluster_inputs(Cluster* cluster) { return &cluster->host.in; }
AcceleratorOutputs* alpine_cluster_outputs(Cluster* cluster) { return &cluster->host.out; }

void alpine_cluster_freeze(Cluster* cluster, uint32_t engine, uint32_t offset) {
    cluster->freeze(engine, offset);
}
uint32_t alpine_cluster_read_out(Cluster* cluster) { return cluster->read_out; }
uint32_t alpine_cluster_dma_register(Cluster* cluster, uint32_t offset) {
    return cluster->dma.read(offset);
}

uint64_t alpine_cluster_jobs(Cluster* cluster, const JobRecord** records) {
    *records = cluster->host.jobs.data();
    return cluster->host.jobs.size();
}
uint64_t alpine_cluster_products(Cluster* cluster, const ProductRecord** records) {
    *records = cluster->host.products.data();
    return cluster->host.products.size();
}
uint64_t alpine_cluster_transfers_digest(Cluster* cluster) {
    return cluster->host.transfers_digest;
}

}  // extern "C"
