#include "services/cirkel/look.h"

#include "proto/settings.h"
#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <string.h>

#define KEY_TEXTS_MOST (STORE_KEY_MAX - sizeof(uint64_t))
#define ALARM_AFTER (15 * MINUTES) /* where the settings cannot be read */

static void read_settings(struct look *look, const char *home) {
    struct settings settings;
    struct buf error;

    buf_init(&error, 8192);
    look->office = zone_utc();
    look->alarm_after = ALARM_AFTER;
    if (settings_read(home, &settings, &error) == 0) {
        if (text_copy(text_of(settings.zone), look->zone, sizeof look->zone) ||
            zone_find(text_of(look->zone), &look->office))
            look->zone[0] = 0;
        look->alarm_after = settings.alarm_after;
        look->guards_copies = strcmp(settings.copy_guard, "on") == 0;
        settings_free(&settings);
    }
    buf_free(&error);
}

static int open_both(struct look *look, const char *home) {
    char core[HOME_PATH], inbox[HOME_PATH];
    struct store_options options = {.dir = core, .tables = table_names, .count = TABLE_COUNT};
    int rc;

    home_path(core, home, "core");
    home_path(inbox, home, "inbox");
    rc = store_open(&look->store, &options);
    if (rc == 0)
        rc = store_begin_read(look->store, &look->txn);
    if (rc == 0)
        rc = journal_open(&look->inbox, inbox, false, 0);
    return rc;
}

struct number_scan {
    const struct key *prefix;
    look_number_fn *fn;
    void *ctx;
};

static int on_number_row(void *ctx, struct bytes key, struct bytes value) {
    struct number_scan *scan = ctx;
    size_t at = scan->prefix->n;
    uint64_t number;
    int rc;

    (void)value;
    if (!key_has_prefix(key, scan->prefix))
        return 1;
    if (!key_next_u64(key, &at, &number))
        return 0;
    rc = scan->fn(scan->ctx, number);
    return rc;
}

int look_open(struct look *ret, const char *home) {
    int rc = home_need(home);
    return rc ? rc : look_open_copy(ret, home);
}

int look_open_copy(struct look *ret, const char *folder) {
    int rc;

    *ret = (struct look){0};
    read_settings(ret, folder);
    rc = open_both(ret, folder);
    if (rc == 0)
        return 0;
    look_close(ret);
    if (rc == -ENOENT)
        return trouble("nothing has been kept in %s yet. Start it with: cirkel run --home %s",
                       folder, folder);
    return trouble("what %s keeps cannot be read: %s", folder, strerror(-rc));
}

void look_close(struct look *look) {
    store_abort(&look->txn);
    store_close(&look->store);
    journal_close(&look->inbox);
}

int look_decode(enum rec_type type, struct bytes value, void *ret) {
    struct complaint complaint;
    return codec_decode(&rec_shapes[type], CODEC_LENIENT, value, ret, &complaint);
}

int look_get(struct look *look, enum table table, void *ret, struct bytes key) {
    struct bytes value;
    int rc = store_get(look->txn, table, key, &value);
    return rc ? rc : look_decode(table_infos[table].record, value, ret);
}

struct key look_key(const struct text *parts, unsigned count) {
    struct key key;

    key_clear(&key);
    for (unsigned i = 0; i < count && key.n < KEY_TEXTS_MOST; i++) {
        size_t room = KEY_TEXTS_MOST - key.n - 1;
        struct text t = parts[i];
        t.n = strnlen(t.p ? t.p : "", t.n < room ? t.n : room);
        key_text(&key, t);
    }
    return key;
}

void look_cut_kind(struct text *id, struct text *ret_kind) {
    struct text rest = *id, kind;
    *ret_kind = TEXT_NONE;
    if (!text_cut(&rest, ':', &kind) || kind.n == id->n)
        return;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (text_is(kind, table_infos[i].name)) {
            *id = rest;
            *ret_kind = kind;
        }
}

static bool has_under(struct look *look, enum table table, const struct key *prefix) {
    struct bytes key, value;
    return store_seek(look->txn, table, key_bytes(prefix), &key, &value) == 0 &&
           key_has_prefix(key, prefix);
}

bool look_knows(struct look *look, const char *id) {
    struct text rest = text_of(id), kind, parts[3];
    unsigned count = 0;
    look_cut_kind(&rest, &kind);
    while (count < COUNT_OF(parts) && text_cut(&rest, '/', &parts[count]))
        count++;
    struct key prefix = look_key(parts, count);
    for (unsigned i = 0; count && parts[0].n && i < TABLE_COUNT; i++)
        if (table_infos[i].record != REC_NONE && (!kind.p || text_is(kind, table_infos[i].name)) &&
            has_under(look, i, &prefix))
            return true;
    return false;
}

int look_need_person(struct look *look, const char *person) {
    struct rec_person p;
    struct key key = LOOK_KEY(text_of(person));
    if (!person || look_get(look, TABLE_PERSON, &p, key_bytes(&key)) == 0)
        return 0;
    return trouble("there is no person %s. See: cirkel list person", person);
}

int look_need_id(struct look *look, const char *id) {
    if (!id || look_knows(look, id))
        return 0;
    return trouble("nothing has the id %s. See: cirkel list KIND", id);
}

int look_number(struct txn *txn, enum table table, const char *name, uint64_t *ret) {
    struct key key = key1(text_of(name));
    struct bytes value;
    size_t at = 0;
    int rc = store_get(txn, table, key_bytes(&key), &value);

    *ret = 0;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return key_next_u64(value, &at, ret) ? 0 : -EBADMSG;
}

struct text look_zone(const struct look *look, const struct shape *shape, const void *rec) {
    const struct field *field = shape_field(shape, TEXT_LIT("zone"));
    if (field && field->kind == FIELD_TEXT) {
        const struct text *zone = (const void *)((const char *)rec + field->offset);
        if (zone->n)
            return *zone;
    }
    return text_of(look->zone);
}

int look_numbers(struct look *look, enum table index, const struct key *prefix, look_number_fn *fn,
                 void *ctx) {
    struct number_scan scan = {prefix, fn, ctx};
    int rc = store_scan(look->txn, index, key_bytes(prefix), on_number_row, &scan);
    return rc == 1 ? 0 : rc;
}
