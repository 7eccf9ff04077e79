#include "services/scheduler/office.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/pack.h"
#include "common/zone.h"
#include "services/scheduler/recent.h"

struct text key_part(const struct key *key, unsigned i) {
    return key_text_at(key_bytes(key), i);
}

int office_read(struct office *o, enum table table, struct bytes value, void *ret_record) {
    return office_unpack(o, table_infos[table].record, value, ret_record);
}

int office_unpack(struct office *o, enum rec_type type, struct bytes raw, void *ret) {
    struct complaint c;
    struct bytes copy = arena_bytes(o->arena, raw);
    return codec_decode(&rec_shapes[type], CODEC_STORED, copy, ret, &c);
}

int office_read_at(struct office *o, enum table table, struct bytes key, struct bytes value,
                   void *ret_record) {
    int rc = recent_decode(o->recent, table, key, txn_changes(o->txn, table), value, ret_record);
    return rc == -ENOENT ? office_read(o, table, value, ret_record) : rc;
}

struct bytes office_pack(struct office *o, enum rec_type type, const void *record) {
    buf_clear(o->row);
    codec_encode(&rec_shapes[type], record, o->row);
    must(!o->row->over);
    return arena_bytes(o->arena, buf_as_bytes(o->row));
}

int office_get(struct office *o, enum table table, struct key key, void *ret_record) {
    struct bytes value;
    if (recent_find(o->recent, table, key_bytes(&key), txn_changes(o->txn, table), ret_record))
        return 0;
    int rc = store_get(o->txn, table, key_bytes(&key), &value);
    return rc ? rc : office_read_at(o, table, key_bytes(&key), value, ret_record);
}

int office_put(struct office *o, enum table table, struct key key, const void *record) {
    buf_clear(o->row);
    codec_encode(&rec_shapes[table_infos[table].record], record, o->row);
    must(!o->row->over);
    int rc = store_put(o->txn, table, key_bytes(&key), buf_as_bytes(o->row));
    if (rc == 0)
        recent_write(o->recent, table, key_bytes(&key), txn_changes(o->txn, table),
                     buf_as_bytes(o->row), record);
    return rc;
}

int office_del(struct office *o, enum table table, struct key key) {
    int rc = store_del(o->txn, table, key_bytes(&key));
    return rc == -ENOENT ? 0 : rc;
}

int office_mark(struct office *o, enum table table, struct key key, struct text value) {
    return store_put(o->txn, table, key_bytes(&key),
                     (struct bytes){value.p ? value.p : "", value.n});
}

int office_marked(struct office *o, enum table table, struct key key, struct text *ret_value) {
    struct bytes value;
    int rc = store_get(o->txn, table, key_bytes(&key), &value);
    if (rc)
        return rc;
    *ret_value = arena_text(o->arena, (struct text){value.p, value.n});
    return 0;
}

int office_next(struct office *o, enum table table, const struct key *prefix, struct key *at,
                struct bytes *ret_value) {
    struct key from = at->n ? *at : *prefix;
    if (at->n) { /* the smallest key after *at */
        must(from.n < STORE_KEY_MAX);
        from.b[from.n++] = 0;
    }
    struct bytes key, value;
    int rc = store_seek(o->txn, table, key_bytes(&from), &key, &value);
    if (rc)
        return rc;
    if (!key_has_prefix(key, prefix))
        return -ENOENT;
    must(key.n <= STORE_KEY_MAX);
    memcpy(at->b, key.p, key.n);
    at->n = key.n;
    *ret_value = arena_bytes(o->arena, value);
    return 0;
}

/* What is too long for a refusal ends at a word, and says that it goes on. */
static void mark_cut(char *text, size_t size) {
    static const char mark[] = " …";
    size_t n = size - sizeof mark;
    while (n > 0 && text[n] != ' ')
        n--;
    memcpy(text + n, mark, sizeof mark);
}

int refuse(struct office *o, const char *code, const char *field, const char *fmt, ...) {
    va_list ap;
    o->refusal.code = code;
    snprintf(o->refusal.field, sizeof o->refusal.field, "%s", field);
    va_start(ap, fmt);
    int n = vsnprintf(o->refusal.text, sizeof o->refusal.text, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof o->refusal.text)
        mark_cut(o->refusal.text, sizeof o->refusal.text);
    return -EPROTO;
}

int office_move(struct office *o, const char *machine, struct text state, const char *event,
                const char *what, struct text *ret_next) {
    if (machine_next(machine, state, event, ret_next) == 0)
        return 0;
    if (!state.p)
        return refuse(o, "not-found", what, "There is no such %s.", what);
    return refuse(o, "wrong-state", what, "The %s is %.*s; %s cannot follow.", what,
                  TEXT_ARGS(state), event);
}

void answer_text(struct office *o, const char *name, struct text value) {
    if (!value.p)
        return;
    pack_text(o->result, text_of(name));
    pack_text(o->result, value);
    o->result_count++;
}

void answer_int(struct office *o, const char *name, int64_t value) {
    pack_text(o->result, text_of(name));
    pack_int(o->result, value);
    o->result_count++;
}

void office_about(struct office *o, const char *kind, struct text about) {
    o->about_kind = text_of(kind);
    o->about = about;
}

struct text office_id(struct office *o, struct text given, const char *prefix) {
    if (given.p)
        return given;
    char hash[TOKEN_ID_MAX];
    struct bytes parts[] = {{prefix, strlen(prefix)}, {o->owner.p, o->owner.n}, {o->id.p, o->id.n}};
    token_hash_text(parts, COUNT_OF(parts), hash);
    return arena_printf(o->arena, "%s-%.13s", prefix, hash);
}

uint64_t office_count(struct office *o, enum count count) {
    return ++o->counts[count];
}

int office_fact(struct office *o, enum fact_type fact, const char *kind, struct text about) {
    static const char *const types[] = {
#define FACT(NAME, type, doc) type,
#include "proto/facts.def"
#undef FACT
    };
    uint64_t no = office_count(o, COUNT_FACT);
    struct rec_fact rec = {.no = (int64_t)no,
                           .type = text_of(types[fact]),
                           .about_kind = text_of(kind),
                           .about = about,
                           .at = o->now,
                           .seq = (int64_t)o->seq};
    return office_put(o, TABLE_FACT, key_no(no), &rec);
}

int meta_get(struct txn *txn, const char *name, uint64_t *ret) {
    struct key k = key1(text_of(name));
    struct bytes value;
    int rc = store_get(txn, TABLE_META, key_bytes(&k), &value);
    *ret = 0;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    size_t at = 0;
    return key_next_u64(value, &at, ret) ? 0 : -EBADMSG;
}

int meta_put(struct txn *txn, const char *name, uint64_t value) {
    struct key k = key1(text_of(name)), v = key_no(value);
    return store_put(txn, TABLE_META, key_bytes(&k), key_bytes(&v));
}

const struct zone *office_zone(const struct office *o, struct text name) {
    const struct zone *zone;
    if (name.p && zone_find(name, &zone) == 0)
        return zone;
    return zone_find(text_of(o->settings->zone), &zone) == 0 ? zone : zone_utc();
}

instant office_wall(const struct office *o, struct text wall, struct text zone) {
    struct wall w;
    if (!wall.p || wall_parse(wall, &w))
        return 0;
    return zone_instant(office_zone(o, zone), w);
}

struct list office_list_of(struct office *o, const struct text *items, uint32_t count) {
    struct buf b;
    buf_init(&b, 1 << 16);
    for (uint32_t i = 0; i < count; i++)
        codec_add_text(&b, items[i]);
    must(!b.over);
    struct list list = {arena_bytes(o->arena, buf_as_bytes(&b)), count};
    buf_free(&b);
    return list;
}
