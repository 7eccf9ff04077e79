#include "services/gateway/asking.h"

#include <errno.h>
#include <string.h>

#include "common/pack.h"
#include "services/gateway/cursor.h"

static const struct answerer *const answerers[QUERY_COUNT] = {
#include "proto/rows_none.inc"
#define QUERY(NAME, name, wire, who, count, view, link, doc) &answer_##name,
#include "proto/queries.def"
#include "proto/rows_end.inc"
};

static struct text name_of(const struct request *request) {
    return text_of(query_infos[request->query].shape.name);
}

static void encode_head(const struct request *request, const char *status, uint32_t more,
                        struct buf *out) {
    pack_map(out, 3 + more);
    pack_str(out, "v");
    pack_int(out, REQUEST_VERSION);
    pack_str(out, "id");
    pack_text(out, request->id);
    pack_str(out, "status");
    pack_str(out, status);
}

static void encode_page(const struct asking *a, struct bytes next, struct buf *out) {
    char cursor[CURSOR_TEXT];
    encode_head(a->request, "ok", next.n ? 2 : 1, out);
    pack_str(out, "rows");
    pack_array(out, a->count);
    pack_raw(out, buf_as_bytes(&a->rows));
    if (next.n == 0)
        return;
    cursor_write(name_of(a->request), next, cursor);
    pack_str(out, "next");
    pack_str(out, cursor);
}

/* ---- which rows ---- */

/* The first key after this one. */
static void step_over(struct key *key, struct bytes at) {
    must(at.n <= STORE_KEY_MAX);
    memcpy(key->b, at.p, at.n);
    key->n = at.n;
    if (key->n < STORE_KEY_MAX) {
        key->b[key->n++] = 0;
        return;
    }
    while (key->n > 0 && key->b[key->n - 1] == 0xff)
        key->n--;
    must(key->n > 0);
    key->b[key->n - 1]++;
}

static int begin(struct asking *a, const struct answerer *answerer) {
    struct key after;
    key_clear(&a->prefix);
    key_clear(&a->start);
    if (answerer->begin)
        answerer->begin(a);
    if (a->start.n == 0)
        a->start = a->prefix;
    if (!a->request->after.p)
        return 0;
    if (cursor_read(name_of(a->request), a->request->after, &after) < 0 ||
        !key_has_prefix(key_bytes(&after), &a->prefix) || after.n == STORE_KEY_MAX)
        return request_refuse(a->request, "bad-value", "after",
                              "is not the `next` of an answer to this query");
    if (bytes_cmp(key_bytes(&after), key_bytes(&a->start)) >= 0)
        step_over(&a->start, key_bytes(&after));
    return 0;
}

static bool is_full(const struct asking *a) {
    return a->count == a->request->limit || a->rows.n >= ASKING_BYTES;
}

/* Looks at rows until the page is full or enough was looked at. *ret_next is the last key looked
 * at, or empty when there are no more. */
static int look(struct asking *a, const struct answerer *answerer, struct bytes *ret_next) {
    struct bytes key = {NULL, 0}, value, last = {NULL, 0};
    *ret_next = last;
    for (unsigned looks = 0;; looks++) {
        int rc = store_seek(a->txn, answerer->table, key_bytes(&a->start), &key, &value);
        if (rc == -ENOENT || ((rc == 0 || rc == -EBADMSG) && !key_has_prefix(key, &a->prefix)))
            return 0;
        if (rc < 0 && rc != -EBADMSG)
            return rc;
        if (looks == ASKING_LOOKS || is_full(a)) {
            *ret_next = last;
            return 0;
        }
        if (rc == -EBADMSG)
            a->damaged++;
        else if ((rc = answerer->row(a, key, value)) < 0)
            return rc;
        last = key;
        step_over(&a->start, key);
    }
}

/* ---- the whole ---- */

static int find_asker(struct asking *a, struct rec_person *hold) {
    struct key key;
    if (!a->person.p)
        return 0;
    key = key1(a->person);
    int rc = asking_get(a, TABLE_PERSON, &key, hold);
    if (rc < 0)
        return rc;
    if (rc == 0 || !text_is(hold->state, "active"))
        return request_refuse(a->request, "not-found", "person", "is not known");
    a->as = hold;
    return 0;
}

static int find_page(struct asking *a, struct bytes *ret_next) {
    const struct answerer *answerer = answerers[a->request->query];
    int rc = begin(a, answerer);
    if (rc == 0)
        rc = look(a, answerer, ret_next);
    if (rc == 0 && a->count == 0 && query_infos[a->request->query].count == QUERY_ONE) {
        char field[65];
        const struct field *first = query_infos[a->request->query].shape.fields();
        must(text_copy(field_name(first), field, sizeof field) == 0);
        return request_refuse(a->request, "not-found", field,
                              "does not exist, or may not be seen by who asks");
    }
    return rc;
}

void asking_init(struct asking *a) {
    *a = (struct asking){.txn = NULL};
    buf_init(&a->rows, ASKING_BYTES_MOST);
}

void asking_free(struct asking *a) {
    buf_free(&a->rows);
}

int asking_answer(struct asking *a, struct txn *txn, struct request *request, struct text person,
                  instant now, struct buf *out) {
    struct bytes next = {NULL, 0};
    struct rec_person hold;
    a->txn = txn;
    a->request = request;
    a->person = person;
    a->now = now;
    a->as = NULL;
    a->count = 0;
    buf_clear(&a->rows);
    int rc = find_asker(a, &hold);
    if (rc == 0)
        rc = find_page(a, &next);
    a->as = NULL;
    if (rc == -EBADMSG) {
        asking_refuse(request, "refused", out);
        return 0;
    }
    if (rc < 0)
        return rc;
    must(!a->rows.over);
    encode_page(a, next, out);
    return 0;
}

void asking_refuse(const struct request *request, const char *status, struct buf *out) {
    const struct complaint *c = &request->complaint;
    encode_head(request, status, c->code ? 1 : 0, out);
    if (!c->code)
        return;
    pack_str(out, "error");
    pack_map(out, c->field[0] ? 3 : 2);
    pack_str(out, "code");
    pack_str(out, c->code);
    if (c->field[0]) {
        pack_str(out, "field");
        pack_str(out, c->field);
    }
    pack_str(out, "text");
    pack_str(out, c->text);
}

/* ---- for answerers ---- */

int asking_read(struct asking *a, enum table table, struct bytes value, void *ret) {
    struct complaint complaint;
    if (codec_decode(&rec_shapes[table_infos[table].record], CODEC_LENIENT, value, ret,
                     &complaint) == 0)
        return 1;
    a->damaged++;
    return 0;
}

int asking_get(struct asking *a, enum table table, const struct key *key, void *ret) {
    struct bytes value;
    int rc = store_get(a->txn, table, key_bytes(key), &value);
    if (rc == 0)
        return asking_read(a, table, value, ret);
    a->damaged += rc == -EBADMSG;
    return rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
}

bool asked(struct text wanted, struct text is) {
    return !wanted.p || text_eq(wanted, is);
}

void asking_add(struct asking *a, const void *record) {
    query_write(query_infos[a->request->query].view, record, a->request->language, 0, &a->rows);
    a->count++;
}

void asking_add_with(struct asking *a, const void *record, enum view_type view, const void *of) {
    query_write(query_infos[a->request->query].view, record, a->request->language, 1, &a->rows);
    pack_str(&a->rows, "of");
    pack_map(&a->rows, 1);
    pack_str(&a->rows, view_infos[view].shape.name);
    query_write(view, of, a->request->language, 0, &a->rows);
    a->count++;
}
