#include "services/intake/ask.h"

#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "services/intake/door.h"

#define OUT_BYTES ((size_t)32 << 20) /* an array of the largest results */

struct slot {
    char id[DOOR_ID_BYTES];
    uint8_t id_len;
    bool is_answered;
    char *answer; /* encoded; of an array only */
    size_t answer_len;
};

struct ask {
    struct askers *askers;
    struct door *door;
    struct peer peer;
    bool is_array;
    unsigned count, open;
    struct slot slots[];
};

static void keep(struct slot *slot, const struct buf *out) {
    slot->answer = malloc(out->n);
    must(slot->answer != NULL);
    memcpy(slot->answer, out->p, out->n);
    slot->answer_len = out->n;
}

static void gather(struct ask *ask, struct buf *out) {
    buf_clear(out);
    pack_array(out, ask->count);
    for (unsigned i = 0; i < ask->count; i++) {
        buf_add(out, ask->slots[i].answer, ask->slots[i].answer_len);
        free(ask->slots[i].answer);
    }
}

void askers_init(struct askers *askers, ask_send_fn *send, void *ctx) {
    *askers = (struct askers){.send = send, .ctx = ctx};
    buf_init(&askers->out, OUT_BYTES);
}

void askers_free(struct askers *askers) {
    must(askers->slots == 0);
    buf_free(&askers->out);
}

struct ask *ask_new(struct askers *askers, struct door *door, const struct peer *from,
                    bool is_array, unsigned count) {
    struct ask *ask;
    if (count == 0) {
        buf_clear(&askers->out);
        pack_array(&askers->out, 0);
        askers->send(askers->ctx, door, from, buf_as_bytes(&askers->out));
        return NULL;
    }
    ask = malloc(sizeof *ask + count * sizeof *ask->slots);
    must(ask != NULL);
    *ask = (struct ask){askers, door, *from, is_array, count, count};
    for (unsigned i = 0; i < count; i++) {
        ask->slots[i].id_len = 0;
        ask->slots[i].is_answered = false;
    }
    askers->slots += count;
    return ask;
}

void ask_set_id(struct ask *ask, unsigned slot, struct text id) {
    must(slot < ask->count && id.n <= DOOR_ID_BYTES);
    if (id.n > 0)
        memcpy(ask->slots[slot].id, id.p, id.n);
    ask->slots[slot].id_len = (uint8_t)id.n;
}

void ask_answer(struct ask *ask, unsigned slot, const struct answer *answer) {
    struct buf *out = &ask->askers->out;
    struct slot *at = &ask->slots[slot];
    must(slot < ask->count && !at->is_answered);
    at->is_answered = true;
    buf_clear(out);
    answer_encode(answer, (struct text){at->id, at->id_len}, out);
    if (ask->is_array)
        keep(at, out);
    if (--ask->open > 0)
        return;
    if (ask->is_array)
        gather(ask, out);
    must(!out->over);
    ask->askers->send(ask->askers->ctx, ask->door, &ask->peer, buf_as_bytes(out));
    ask->askers->slots -= ask->count;
    free(ask);
}
