#include "services/notifier/work_load.h"
#include "proto/codec.h"
#include "proto/table.h"

#include <errno.h>

static int get_record(struct txn *txn, enum table table, int64_t no, struct arena *arena,
                      void *ret) {
    struct key key = key_no((uint64_t)no);
    struct bytes value;
    struct complaint complaint;
    int rc = store_get(txn, table, key_bytes(&key), &value);
    if (rc < 0)
        return rc;
    const struct shape *shape = &rec_shapes[table_infos[table].record];
    return codec_decode(shape, CODEC_LENIENT, arena_bytes(arena, value), ret, &complaint);
}

/* The text in the row's language, else in the first of en, sv, da that there is. */
static struct text find_hash(const struct work_load *load) {
    const struct text wanted[] = {load->row.language, TEXT_LIT("en"), TEXT_LIT("sv"),
                                  TEXT_LIT("da")};
    for (unsigned i = 0; i < COUNT_OF(wanted); i++) {
        struct list texts = load->occasion.texts;
        struct text language, hash;
        while (codec_next_pair_text(&texts, &language, &hash))
            if (text_eq(language, wanted[i]))
                return hash;
    }
    return TEXT_NONE;
}

static int get_text(struct txn *txn, struct arena *arena, struct work_load *load) {
    struct bytes value;
    if (load->hash.n == 0)
        return -ENOENT;
    struct key key = key1(load->hash);
    int rc = store_get(txn, TABLE_TEXT, key_bytes(&key), &value);
    if (rc == 0)
        load->source = arena_text(arena, (struct text){value.p, value.n});
    return rc;
}

static int load_one(struct txn *txn, int64_t delivery, struct arena *arena, struct work_load *ret) {
    *ret = (struct work_load){.why = NULL};
    int rc = get_record(txn, TABLE_LEDGER, delivery, arena, &ret->row);
    if (rc == -EBADMSG) {
        ret->why = "the row of the ledger is damaged";
        return 0;
    }
    if (rc < 0)
        return rc;
    rc = get_record(txn, TABLE_OCCASION, ret->row.occasion, arena, &ret->occasion);
    if (rc == -ENOENT || rc == -EBADMSG) {
        ret->why = "its occasion is missing or damaged";
        return 0;
    }
    if (rc < 0)
        return rc;
    ret->hash = find_hash(ret);
    rc = get_text(txn, arena, ret);
    if (rc == -ENOENT || rc == -EBADMSG) {
        ret->why = "the letter's text is missing or damaged";
        return 0;
    }
    return rc;
}

static int load_items(struct txn *txn, struct arena *arena, struct work_load *load) {
    struct rec_digest digest;
    struct complaint complaint;
    int64_t no;
    if (codec_decode(&rec_shapes[REC_DIGEST], CODEC_LENIENT, load->occasion.digest, &digest,
                     &complaint) < 0) {
        load->why = "its digest is damaged";
        return 0;
    }
    load->items = arena_take(arena, digest.items.count * sizeof *load->items + 1);
    while (!load->why && codec_next_int(&digest.items, &no)) {
        struct work_load *item = &load->items[load->item_count++];
        int rc = load_one(txn, no, arena, item);
        if (rc < 0)
            return rc;
        load->why = item->why;
    }
    return 0;
}

int work_load(struct txn *txn, int64_t delivery, struct arena *arena, struct work_load *ret) {
    int rc = load_one(txn, delivery, arena, ret);
    bool is_digest = rc == 0 && !ret->why && ret->occasion.digest.n;
    return is_digest ? load_items(txn, arena, ret) : rc;
}
