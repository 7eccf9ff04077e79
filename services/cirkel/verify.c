#include "services/cirkel/verify.h"

#include "common/zone.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verify_replay.h"
#include "services/cirkel/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINDINGS_SHOWN 1000
#define KEYS_SHOWN 4

void verify_find(struct verify *v, const char *fmt, ...) {
    char text[1024];
    va_list args;

    v->findings++;
    if (json_array_size(v->lines) >= FINDINGS_SHOWN)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    json_array_append_new(v->lines, json_string(text));
}

const char *verify_key_text(struct bytes key) {
    static char texts[KEYS_SHOWN][3 * STORE_KEY_MAX + 1];
    static unsigned turn;
    char *text = texts[turn++ % KEYS_SHOWN];
    const unsigned char *p = key.p;
    size_t n = 0;

    for (size_t i = 0; i < key.n; i++) {
        if (p[i] == 0 && i + 1 < key.n && n && text[n - 1] != '/')
            text[n++] = '/';
        else if (p[i] > ' ' && p[i] < 0x7f)
            text[n++] = (char)p[i];
        else if (p[i])
            n += (size_t)snprintf(text + n, 4, "%%%02x", p[i]);
    }
    text[n] = 0;
    return text;
}

void verify_each(struct verify *v, enum table table, verify_row_fn *fn) {
    struct bytes key, value;
    struct key from;
    int rc;

    key_clear(&from);
    for (;;) {
        rc = store_seek(v->look.txn, table, key_bytes(&from), &key, &value);
        if (rc && rc != -EBADMSG)
            break;
        v->checked++;
        if (rc == 0)
            fn(v, key, value);
        if (key.n >= STORE_KEY_MAX)
            break;
        memcpy(from.b, key.p, key.n); /* the smallest key after this one */
        from.b[key.n] = 0;
        from.n = key.n + 1;
    }
    if (rc != -ENOENT)
        verify_find(v, "table %s cannot be read to its end: %s", table_infos[table].name,
                    strerror(rc ? -rc : EMSGSIZE));
}

/* ---- rows ---- */

struct damage {
    struct verify *v;
    enum table table;
};

static void on_damage(void *ctx, struct bytes key) {
    struct damage *damage = ctx;
    verify_find(damage->v, "%s %s: damaged (its checksum does not fit)",
                table_infos[damage->table].name, verify_key_text(key));
}

static void check_damage(struct verify *v) {
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct damage damage = {v, (enum table)i};
        uint64_t rows = 0;
        int rc = store_check(v->look.txn, i, on_damage, &damage, &rows);
        if (rc)
            verify_find(v, "table %s cannot be read: %s", table_infos[i].name, strerror(-rc));
        v->checked += rows;
    }
}

/* The field that a part of a table's key repeats; NULL: none does. */
static const struct field *field_of_part(const struct shape *shape, struct text part) {
    static const struct {
        const char *part, *field;
    } others[] = {
        {"kind", "about_kind"}, {"subject", "about"}, {"number", "no"}, {"number", "seq"}};
    const struct field *field = shape_field(shape, part);

    for (unsigned i = 0; !field && i < COUNT_OF(others); i++)
        if (text_is(part, others[i].part))
            field = shape_field(shape, text_of(others[i].field));
    return field;
}

static bool key_fits(enum table table, struct bytes key, const void *rec) {
    const struct shape *shape = &rec_shapes[table_infos[table].record];
    struct text parts = text_of(table_infos[table].key), part, have;
    size_t at = 0;

    while (text_cut(&parts, ',', &part)) {
        const struct field *field = field_of_part(shape, text_trim(part));
        const void *value;
        uint64_t number;
        if (!field)
            return true;
        value = (const char *)rec + field->offset;
        if (field->kind == FIELD_INT) {
            if (!key_next_u64(key, &at, &number) || number != (uint64_t) * (const int64_t *)value)
                return false;
        } else if (!key_next_text(key, &at, &have) || !text_eq(have, *(const struct text *)value)) {
            return false;
        }
    }
    return true;
}

static enum table row_table;

static void check_row(struct verify *v, struct bytes key, struct bytes value) {
    enum rec_type record = table_infos[row_table].record;
    struct complaint complaint = {0};
    union any_rec rec;

    if (codec_decode(&rec_shapes[record], CODEC_LENIENT, value, &rec, &complaint))
        verify_find(v, "%s %s: %s: %s %s", table_infos[row_table].name, verify_key_text(key),
                    complaint.code, complaint.field, complaint.text);
    else if (!key_fits(row_table, key, &rec))
        verify_find(v, "%s %s: the record is another one's", table_infos[row_table].name,
                    verify_key_text(key));
}

static void check_rows(struct verify *v) {
    check_damage(v);
    v->checked = 0;
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        row_table = (enum table)i;
        if (table_infos[i].record != REC_NONE)
            verify_each(v, row_table, check_row);
    }
}

static int on_entry(void *ctx, uint64_t seq, struct bytes payload) {
    struct verify *v = ctx;
    struct rec_event event;

    v->checked++;
    if (look_decode(REC_EVENT, payload, &event))
        verify_find(v, "event %" PRIu64 " of the inbox cannot be read", seq);
    return 0;
}

static void check_inbox(struct verify *v) {
    uint64_t rows = 0, damaged = 0, first = 0, last = 0;
    int rc = journal_verify(v->look.inbox, &rows, &damaged);

    if (rc)
        verify_find(v, "the inbox cannot be read: %s", strerror(-rc));
    if (damaged)
        verify_find(v, "%" PRIu64 " rows of the inbox are damaged", damaged);
    rc = journal_range(v->look.inbox, &first, &last);
    if (rc == 0 && damaged == 0 && last >= first && first)
        rc = journal_read(v->look.inbox, first, UINT32_MAX, on_entry, v);
    if (rc)
        verify_find(v, "the inbox cannot be read to its end: %s", strerror(-rc));
    v->checked = rows;
}

/* ---- the verb ---- */

static const struct {
    const char *name, *what;
    void (*check)(struct verify *v);
} matters[] = {
    {"rows", "rows of core: whole, readable, and under their own keys", check_rows},
    {"inbox", "rows of the inbox: whole and readable", check_inbox},
    {"indexes", "rows of people, memberships and registrations against their indexes",
     verify_indexes},
    {"ledger", "rows of the ledger against its indexes, outbox, arms and occasions", verify_ledger},
    {"holds", "what is held against its catch-up sheets and windows", verify_holds},
    {"plans", "plans against what falls due", verify_plans},
    {"conservation",
     "sums: accepted is applied, refused, quarantined or pending; fired has ended or is open",
     verify_conservation},
    {"places", "meetings against their registrations", verify_places},
    {"programmes", "programmes: places, hours, indexes both ways; and what falls due for records",
     verify_programmes},
};

static bool has_other_zones(const struct look *look) {
    uint64_t zones;

    (void)zone_follow();
    return look_number(look->txn, TABLE_META, "zones", &zones) == 0 && zones &&
           zones != zone_data();
}

static json_t *check_all(struct verify *v, bool json) {
    json_t *checked = json_object();

    v->other_zones = has_other_zones(&v->look);
    for (unsigned i = 0; i < COUNT_OF(matters); i++) {
        uint64_t before = v->findings;
        v->checked = 0;
        matters[i].check(v);
        json_object_set_new(checked, matters[i].name, json_integer((json_int_t)v->checked));
        if (!json)
            printf("%-6s %10" PRIu64 " %s\n", v->findings == before ? "good" : "WRONG", v->checked,
                   matters[i].what);
    }
    return checked;
}

static void print_findings(const struct verify *v, FILE *to) {
    json_t *line;
    size_t i;

    json_array_foreach(v->lines, i, line) fprintf(to, "  %s\n", json_string_value(line));
    if (v->findings > json_array_size(v->lines))
        fprintf(to, "  … and %" PRIu64 " more\n", v->findings - json_array_size(v->lines));
    if (v->other_zones)
        fputs("Time zone data here is not what the scheduler read last; it looks every hour. When "
              "something falls due by the wall was not checked.\n",
              to);
    if (v->findings)
        fprintf(to, "%" PRIu64 " findings.\n", v->findings);
    else
        fputs("All is as it should be.\n", to);
}

static int verify(const struct options *options, const struct replayed *replayed) {
    struct verify v = {0};
    json_t *checked, *tree;
    int rc = look_open(&v.look, options->home);

    if (rc)
        return rc;
    v.lines = json_array();
    checked = check_all(&v, options->json != NULL);
    look_close(&v.look);
    replayed_report(replayed, &v, options->json != NULL);
    if (options->json) {
        tree = json_pack("{s:b,s:O,s:I,s:O,s:b}", "good", v.findings == 0, "checked", checked,
                         "finding_count", (json_int_t)v.findings, "findings", v.lines,
                         "other_zones", v.other_zones);
        if (replayed->said)
            json_object_set(tree, "replay", replayed->said);
        tree_print(tree);
    } else {
        print_findings(&v, stdout);
    }
    json_decref(checked);
    json_decref(v.lines);
    return v.findings ? EXIT_FOUND : EXIT_DONE;
}

int verb_verify(const struct options *options, int argc, char **argv) {
    struct replayed replayed = {.said = NULL};
    int rc;

    if (argc > (options->replay ? 1 : 0))
        return usage("verify takes no arguments but a backup after --replay. See: cirkel help "
                     "verify");
    rc = options->replay ? replayed_read(options->home, argc ? argv[0] : NULL, &replayed) : 0;
    if (rc == 0)
        rc = verify(options, &replayed);
    json_decref(replayed.said);
    return rc;
}

int verify_quietly(const char *home, uint64_t *ret_findings) {
    struct verify v = {0};
    int rc = look_open_copy(&v.look, home);

    if (rc)
        return rc;
    v.lines = json_array();
    json_decref(check_all(&v, true));
    look_close(&v.look);
    *ret_findings = v.findings;
    if (v.findings)
        print_findings(&v, stderr);
    json_decref(v.lines);
    return 0;
}
