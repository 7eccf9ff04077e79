#include "services/scheduler/inputs.h"

#include <errno.h>
#include <stdlib.h>

#include "common/pack.h"
#include "proto/table.h"

#define BATCH_MAX ((size_t)1 << 20)
#define HEAD_MAX 256

struct inputs {
    struct buf batch;     /* the inputs before `run`, encoded */
    uint32_t count;       /* of them */
    struct rec_input run; /* the last input while it may still grow */
    bool has_run;
    struct buf row;
};

struct inputs *inputs_new(void) {
    struct inputs *inputs = calloc(1, sizeof *inputs);
    must(inputs);
    buf_init(&inputs->batch, BATCH_MAX);
    buf_init(&inputs->row, BATCH_MAX + HEAD_MAX);
    return inputs;
}

void inputs_free(struct inputs **inputs) {
    if (!*inputs)
        return;
    buf_free(&(*inputs)->batch);
    buf_free(&(*inputs)->row);
    free(*inputs);
    *inputs = NULL;
}

void inputs_clear(struct inputs *inputs) {
    buf_clear(&inputs->batch);
    inputs->count = 0;
    inputs->has_run = false;
}

static void add(struct inputs *inputs, const struct rec_input *input) {
    codec_encode(&rec_shapes[REC_INPUT], input, &inputs->batch);
    inputs->count++;
}

static void end_run(struct inputs *inputs) {
    if (inputs->has_run)
        add(inputs, &inputs->run);
    inputs->has_run = false;
}

/* Inputs without texts of their own that come in long rows are written as one with a count. */
static bool can_run(const struct rec_input *input) {
    return text_is(input->kind, "event") || text_is(input->kind, "due") ||
           text_is(input->kind, "rules");
}

static bool continues(const struct rec_input *run, const struct rec_input *input) {
    return text_eq(run->kind, input->kind) && run->now == input->now &&
           run->until == input->until && !input->anew &&
           (!run->first || input->first == run->first + run->count);
}

void inputs_note(struct inputs *inputs, const struct rec_input *input) {
    if (inputs->has_run && continues(&inputs->run, input)) {
        inputs->run.count++;
        return;
    }
    end_run(inputs);
    if (!can_run(input)) {
        add(inputs, input);
        return;
    }
    inputs->run = *input;
    inputs->run.count = 1;
    inputs->has_run = true;
}

int inputs_last(struct txn *txn, uint64_t *ret) {
    struct bytes key, value;
    size_t at = 0;
    int rc = store_last(txn, TABLE_INPUTS, &key, &value);
    *ret = 0;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return key_next_u64(key, &at, ret) ? 0 : -EBADMSG;
}

int inputs_write(struct inputs *inputs, struct txn *txn) {
    struct rec_inputs rec;
    struct key key;
    struct buf batch;
    uint64_t last;
    end_run(inputs);
    if (!inputs->count)
        return 0;
    int rc = inputs_last(txn, &last);
    if (rc)
        return rc;
    buf_init(&batch, BATCH_MAX + HEAD_MAX);
    pack_array(&batch, inputs->count);
    buf_add(&batch, inputs->batch.p, inputs->batch.n);
    must(!batch.over && !inputs->batch.over);
    rec = (struct rec_inputs){.no = (int64_t)last + 1, .batch = buf_as_bytes(&batch)};
    buf_clear(&inputs->row);
    codec_encode(&rec_shapes[REC_INPUTS], &rec, &inputs->row);
    must(!inputs->row.over);
    key_clear(&key);
    key_u64(&key, last + 1);
    rc = store_append(txn, TABLE_INPUTS, key_bytes(&key), buf_as_bytes(&inputs->row));
    buf_free(&batch);
    inputs_clear(inputs);
    return rc;
}

int inputs_each(struct bytes row, inputs_fn *fn, void *ctx) {
    struct rec_inputs rec;
    struct rec_input input;
    struct pack_reader r;
    struct bytes one;
    uint32_t count;
    int rc = codec_decode(&rec_shapes[REC_INPUTS], CODEC_LENIENT, row, &rec, NULL);
    if (rc)
        return -EBADMSG;
    r = pack_read(rec.batch);
    if (!pack_read_array(&r, &count))
        return -EBADMSG;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!pack_read_raw(&r, &one) ||
            codec_decode(&rec_shapes[REC_INPUT], CODEC_LENIENT, one, &input, NULL))
            return -EBADMSG;
        rc = fn(ctx, &input);
    }
    return rc;
}
