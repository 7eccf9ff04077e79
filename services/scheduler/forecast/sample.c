#include "services/scheduler/forecast/sample.h"

#include <errno.h>
#include <stdlib.h>

#define SAMPLES_MOST 100
#define ROOM ((size_t)256 << 20)

struct sample {
    struct store *store;
    struct txn *txn;
    struct arena *arena;
    unsigned count;
    struct {
        struct text letter, language;
    } taken[SAMPLES_MOST];
};

static bool is_wanted(const struct sample *s, const struct outlook_letter *l) {
    bool comes = l->goes || text_is(l->state, "held") || text_is(l->state, "queued") ||
                 text_is(l->state, "digested");
    for (unsigned i = 0; i < s->count; i++)
        if (text_eq(s->taken[i].letter, l->letter) && text_eq(s->taken[i].language, l->language))
            return false;
    return comes && s->count < SAMPLES_MOST;
}

/* Writes it as it was read, too; absent is left out. */
static int copy(struct sample *s, struct txn *from, enum table table, struct key key,
                struct bytes *ret) {
    *ret = (struct bytes){NULL, 0};
    int rc = store_get(from, table, key_bytes(&key), ret);
    return rc ? rc : store_put(s->txn, table, key_bytes(&key), *ret);
}

static int copy_record(struct sample *s, struct txn *from, enum table table, int64_t no,
                       enum rec_type type, void *ret) {
    struct bytes value;
    struct complaint complaint;
    int rc = copy(s, from, table, key_no((uint64_t)no), &value);
    if (rc)
        return rc;
    return codec_decode(&rec_shapes[type], CODEC_LENIENT, arena_bytes(s->arena, value), ret,
                        &complaint);
}

static int copy_texts(struct sample *s, struct txn *from, struct list texts) {
    struct text language, hash;
    struct bytes value;
    int rc = 0;
    while (rc == 0 && codec_next_pair_text(&texts, &language, &hash))
        if (hash.n)
            rc = copy(s, from, TABLE_TEXT, key1(hash), &value);
    return rc == -ENOENT ? 0 : rc;
}

int sample_take(struct sample *s, struct txn *from, const struct outlook_letter *letter) {
    struct rec_ledger row;
    struct rec_occasion occasion;
    if (!is_wanted(s, letter) || text_is(letter->about_kind, "digest"))
        return 0;
    s->taken[s->count].letter = letter->letter;
    s->taken[s->count++].language = letter->language;
    arena_reset(s->arena);
    int rc = copy_record(s, from, TABLE_LEDGER, letter->no, REC_LEDGER, &row);
    if (rc == 0)
        rc = copy_record(s, from, TABLE_OCCASION, row.occasion, REC_OCCASION, &occasion);
    return rc ? rc : copy_texts(s, from, occasion.texts);
}

int sample_open(struct sample **ret, const char *dir) {
    struct sample *s = calloc(1, sizeof *s);
    struct store_options o = {
        .dir = dir, .tables = table_names, .count = TABLE_COUNT, .writer = true, .limit = ROOM};
    must(s);
    *ret = s;
    s->arena = arena_new();
    int rc = store_open(&s->store, &o);
    return rc ? rc : store_begin_write(s->store, &s->txn);
}

int sample_close(struct sample **sample) {
    struct sample *s = *sample;
    if (!s)
        return 0;
    int rc = s->txn ? store_commit(&s->txn) : 0;
    store_close(&s->store);
    arena_free(&s->arena);
    free(s);
    *sample = NULL;
    return rc;
}
