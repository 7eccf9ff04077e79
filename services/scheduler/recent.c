#include "services/scheduler/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"
#include "proto/codec.h"

#define PLACES 256
#define ASIDE 16 /* places that others took in one turn */
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
    struct place *aside[ASIDE];   /* handed out in this turn, and found no more */
    struct place *spare[ASIDE];   /* were aside */
    unsigned aside_count, spare_count;
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

/* A place for another record. What was handed out in this turn stays; NULL: that is too much. */
static struct place *take_place(struct recent *recent, struct place **at) {
    if (*at && (*at)->turn != recent->turn)
        return *at;
    if (*at && recent->aside_count == ASIDE)
        return NULL;
    if (*at)
        recent->aside[recent->aside_count++] = *at;
    *at = recent->spare_count ? recent->spare[--recent->spare_count] : calloc(1, sizeof **at);
    must(*at);
    return *at;
}

/* The bytes it will be of; it is none yet. */
static struct bytes begin(struct place *place, enum table table, struct bytes key,
                          struct bytes value) {
    place->turn = 0;
    memcpy(place->value, value.p, value.n);
    place->n = value.n;
    place->table = table;
    memcpy(place->key.b, key.p, key.n);
    place->key.n = key.n;
    place->record = realloc(place->record, shape_of(table)->size);
    must(place->record);
    return (struct bytes){place->value, value.n};
}

static void hand_out(const struct recent *recent, struct place *place, void *ret_record) {
    place->turn = recent->turn;
    memcpy(ret_record, place->record, shape_of(place->table)->size);
}

struct recent *recent_new(void) {
    struct recent *recent = calloc(1, sizeof *recent);
    must(recent);
    recent->turn = 2;
    return recent;
}

static void free_places(struct place **places, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (places[i])
            free(places[i]->record);
        free(places[i]);
    }
}

void recent_free(struct recent **recent) {
    if (!*recent)
        return;
    free_places((*recent)->places, PLACES);
    free_places((*recent)->aside, (*recent)->aside_count);
    free_places((*recent)->spare, (*recent)->spare_count);
    free(*recent);
    *recent = NULL;
}

void recent_turn(struct recent *recent) {
    recent->turn++;
    while (recent->aside_count && recent->spare_count < ASIDE)
        recent->spare[recent->spare_count++] = recent->aside[--recent->aside_count];
    must(!recent->aside_count); /* a place is made only when none is spare */
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
    struct place **at = place_of(recent, table, key), *place = *at;
    if (value.n > VALUE_MOST || key.n > STORE_KEY_MAX)
        return -ENOENT;
    if (!is_of(place, table, key) || !bytes_eq((struct bytes){place->value, place->n}, value)) {
        place = take_place(recent, at);
        if (!place)
            return -ENOENT;
        struct bytes copy = begin(place, table, key, value);
        int rc = codec_decode(shape_of(table), CODEC_STORED, copy, place->record, NULL);
        if (rc)
            return rc;
    }
    place->changes = changes;
    hand_out(recent, place, ret_record);
    return 0;
}

void recent_write(struct recent *recent, enum table table, struct bytes key, uint64_t changes,
                  struct bytes value, const void *record) {
    struct place **at = place_of(recent, table, key);
    if (!is_of(*at, table, key) || value.n > VALUE_MOST)
        return;
    struct place *place = take_place(recent, at);
    if (!place)
        return;
    struct bytes copy = begin(place, table, key, value);
    codec_follow(shape_of(table), record, copy, place->record);
    place->turn = recent->turn - 1; /* nobody holds it yet */
    place->changes = changes;
}
