#include "services/scheduler/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/codec.h"

#define PLACES 256
#define VALUE_MOST 2048

struct place {
    uint64_t turn; /* when it was last handed out; 0: empty */
    enum rec_type type;
    size_t n;
    void *record;
    uint8_t value[VALUE_MOST]; /* the record's texts are here */
};

struct recent {
    uint64_t turn;
    struct place *places[PLACES]; /* by the hash of the key */
};

static struct place **place_of(struct recent *recent, enum rec_type type, struct bytes key) {
    return &recent->places[crc32c((uint32_t)type, key.p, key.n) % PLACES];
}

static bool is_same(const struct place *place, enum rec_type type, struct bytes value) {
    return place->turn != 0 && place->type == type && place->n == value.n &&
           memcmp(place->value, value.p, value.n) == 0;
}

static int fill(struct place *place, enum rec_type type, struct bytes value) {
    struct bytes copy = {place->value, value.n};
    place->turn = 0;
    memcpy(place->value, value.p, value.n);
    place->n = value.n;
    place->type = type;
    place->record = realloc(place->record, rec_shapes[type].size);
    must(place->record);
    return codec_decode(&rec_shapes[type], CODEC_STORED, copy, place->record, NULL);
}

struct recent *recent_new(void) {
    struct recent *recent = calloc(1, sizeof *recent);
    must(recent);
    recent->turn = 1;
    return recent;
}

void recent_free(struct recent **recent) {
    if (!*recent)
        return;
    for (unsigned i = 0; i < PLACES; i++) {
        if ((*recent)->places[i])
            free((*recent)->places[i]->record);
        free((*recent)->places[i]);
    }
    free(*recent);
    *recent = NULL;
}

void recent_turn(struct recent *recent) {
    recent->turn++;
}

int recent_decode(struct recent *recent, enum rec_type type, struct bytes key, struct bytes value,
                  void *ret_record) {
    struct place **at = place_of(recent, type, key);
    if (value.n > VALUE_MOST)
        return -ENOENT;
    if (!*at)
        *at = calloc(1, sizeof **at);
    must(*at);
    if (!is_same(*at, type, value)) {
        if ((*at)->turn == recent->turn)
            return -ENOENT;
        int rc = fill(*at, type, value);
        if (rc)
            return rc;
    }
    (*at)->turn = recent->turn;
    memcpy(ret_record, (*at)->record, rec_shapes[type].size);
    return 0;
}
