#include "services/scheduler/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"
#include "proto/codec.h"

#define PLACES 256
#define VALUE_MOST 2048

struct place {
    uint64_t turn;    /* when it was last handed out; 0: empty */
    uint64_t changes; /* of its table, when it was read */
    enum table table;
    struct key key;
    size_t n;
    void *record;
    uint8_t value[VALUE_MOST]; /* the record's texts are here */
};

struct recent {
    uint64_t turn;
    struct place *places[PLACES]; /* by the hash of the key */
};

static struct place **place_of(struct recent *recent, enum table table, struct bytes key) {
    return &recent->places[crc32c((uint32_t)table, key.p, key.n) % PLACES];
}

static const struct shape *shape_of(enum table table) {
    return &rec_shapes[table_infos[table].record];
}

static bool is_of(const struct place *place, enum table table, struct bytes key) {
    return place && place->turn != 0 && place->table == table &&
           bytes_eq(key_bytes(&place->key), key);
}

static int fill(struct place *place, enum table table, struct bytes key, struct bytes value) {
    struct bytes copy = {place->value, value.n};
    place->turn = 0;
    memcpy(place->value, value.p, value.n);
    place->n = value.n;
    place->table = table;
    memcpy(place->key.b, key.p, key.n);
    place->key.n = key.n;
    place->record = realloc(place->record, shape_of(table)->size);
    must(place->record);
    return codec_decode(shape_of(table), CODEC_STORED, copy, place->record, NULL);
}

static void hand_out(const struct recent *recent, struct place *place, void *ret_record) {
    place->turn = recent->turn;
    memcpy(ret_record, place->record, shape_of(place->table)->size);
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

bool recent_find(struct recent *recent, enum table table, struct bytes key, uint64_t changes,
                 void *ret_record) {
    struct place *place = *place_of(recent, table, key);
    if (changes == 0 || !is_of(place, table, key) || place->changes != changes)
        return false;
    hand_out(recent, place, ret_record);
    return true;
}

int recent_decode(struct recent *recent, enum table table, struct bytes key, uint64_t changes,
                  struct bytes value, void *ret_record) {
    struct place **at = place_of(recent, table, key);
    if (value.n > VALUE_MOST || key.n > STORE_KEY_MAX)
        return -ENOENT;
    if (!*at)
        *at = calloc(1, sizeof **at);
    must(*at);
    if (!is_of(*at, table, key) || !bytes_eq((struct bytes){(*at)->value, (*at)->n}, value)) {
        if ((*at)->turn == recent->turn)
            return -ENOENT;
        int rc = fill(*at, table, key, value);
        if (rc)
            return rc;
    }
    (*at)->changes = changes;
    hand_out(recent, *at, ret_record);
    return 0;
}
