/*
 * Unicorn hooks that count what the emulated processor executes. They do what PythonTrace in ../trace.py does, some
 * fifty times faster; a test holds the two equal.
 *
 * Unicorn calls tfv_on_block before each basic block. Every distinct (layer, address, bytes) has one entry; what such a
 * block costs is asked once, by `resolve`, and kept.
 */
#include <stdint.h>

enum { STOP_NONE, STOP_DEADLINE, STOP_WANTED, STOP_BAD_FETCH, STOP_TABLE_FULL };

/* Layout known to trace.py (class _Entry). */
typedef struct {
    uint32_t address;
    uint32_t bytes; /* 0: the slot is free */
    uint32_t layer;
    uint32_t instructions; /* in the block */
    uint32_t cycles;       /* when it falls through */
    uint32_t taken_cycles; /* more when its last instruction jumps */
    uint32_t order;        /* how many other entries there were before it */
    uint32_t reserved;
    uint64_t count; /* executions */
    uint64_t taken; /* of them, followed by another block than the next one in memory */
} tfv_entry_t;

/* Layout known to trace.py (class _State). */
typedef struct {
    uint64_t clock;        /* cycles passed; the owner may add to it */
    uint64_t deadline;     /* no block is begun at or after it */
    uint64_t instructions; /* executed */
    tfv_entry_t *entries;
    int (*emu_stop)(void *uc);
    void (*resolve)(uint32_t address, uint32_t bytes, uint32_t *cost);
    int (*reg_read)(void *uc, int regid, void *value);
    uint32_t capacity; /* slots of `entries`, a power of two */
    uint32_t used;
    uint32_t stop_wanted; /* set from outside: stop before the next block */
    uint32_t stop_reason;
    uint32_t stop_address;
    uint32_t code_low; /* blocks lie in [code_low, code_high) */
    uint32_t code_high;
    uint32_t caller_low[2]; /* calls made from [caller_low, caller_high) begin layers 1, 2, ... */
    uint32_t caller_high[2];
    uint32_t in_caller; /* the block before was one of the caller's */
    uint32_t layer;     /* that instructions belong to now; 0 is the caller itself */
    uint32_t layers;    /* begun so far */
    uint32_t last_end;  /* address after the block before */
    uint32_t last_slot; /* its slot; `capacity` when there is none */
    uint32_t lowest_sp; /* kept by tfv_on_instruction */
    int32_t sp_register;
    uint64_t single_steps; /* counted by tfv_on_instruction */
} tfv_trace_t;

static void stop(void *uc, tfv_trace_t *trace, uint32_t reason, uint32_t address)
{
    trace->stop_reason = reason;
    trace->stop_address = address;
    trace->emu_stop(uc);
}

static uint32_t find(const tfv_trace_t *trace, uint32_t address, uint32_t bytes)
{
    const uint32_t mask = trace->capacity - 1;
    uint32_t slot = ((address >> 1) * 2654435761u ^ trace->layer * 40503u) & mask;
    while (trace->entries[slot].bytes != 0) {
        const tfv_entry_t *entry = &trace->entries[slot];
        if (entry->address == address && entry->bytes == bytes && entry->layer == trace->layer) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* UC_HOOK_BLOCK. A block that is stopped here is not executed and comes here again when the run goes on. */
void tfv_on_block(void *uc, uint64_t address64, uint32_t bytes, void *user_data)
{
    tfv_trace_t *trace = user_data;
    const uint32_t address = (uint32_t)address64;

    if (trace->stop_wanted != 0) {
        stop(uc, trace, STOP_WANTED, address);
        return;
    }
    if (trace->clock >= trace->deadline) {
        stop(uc, trace, STOP_DEADLINE, address);
        return;
    }
    if (address < trace->code_low || address >= trace->code_high) {
        stop(uc, trace, STOP_BAD_FETCH, address);
        return;
    }
    if (trace->used >= trace->capacity - trace->capacity / 4) {
        stop(uc, trace, STOP_TABLE_FULL, address);
        return;
    }
    if (trace->last_slot < trace->capacity && trace->last_end != address) {
        tfv_entry_t *last = &trace->entries[trace->last_slot];
        last->taken++;
        trace->clock += last->taken_cycles;
    }
    if ((address >= trace->caller_low[0] && address < trace->caller_high[0]) ||
        (address >= trace->caller_low[1] && address < trace->caller_high[1])) {
        trace->in_caller = 1;
        trace->layer = 0;
    } else if (trace->in_caller != 0) {
        trace->in_caller = 0;
        trace->layer = ++trace->layers;
    }

    const uint32_t slot = find(trace, address, bytes);
    tfv_entry_t *entry = &trace->entries[slot];
    if (entry->bytes == 0) {
        uint32_t cost[3] = {0, 0, 0};
        trace->resolve(address, bytes, cost);
        entry->address = address;
        entry->bytes = bytes;
        entry->layer = trace->layer;
        entry->instructions = cost[0];
        entry->cycles = cost[1];
        entry->taken_cycles = cost[2];
        entry->order = trace->used++;
    }
    entry->count++;
    trace->instructions += entry->instructions;
    trace->clock += entry->cycles;
    trace->last_end = address + bytes;
    trace->last_slot = slot;
}

/* UC_HOOK_CODE: how deep the stack gets, to the byte, and a second count. */
void tfv_on_instruction(void *uc, uint64_t address, uint32_t bytes, void *user_data)
{
    tfv_trace_t *trace = user_data;
    uint32_t sp = 0;
    (void)address;
    (void)bytes;
    trace->single_steps++;
    trace->reg_read(uc, trace->sp_register, &sp);
    if (sp < trace->lowest_sp) {
        trace->lowest_sp = sp;
    }
}
