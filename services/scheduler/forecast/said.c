#include "services/scheduler/forecast/said.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/journal.h"
#include "common/json.h"
#include "common/pack.h"
#include "common/token.h"
#include "common/zone.h"
#include "proto/keyring.h"

#define FILE_MOST ((size_t)64 << 20)
#define LINE_MOST ((size_t)512 << 10)

struct line { /* of a file */
    struct text id, type, at;
    struct bytes body;
};

void said_open(struct said *s, instant now) {
    *s = (struct said){.arena = arena_new(), .now = now};
}

void said_close(struct said *s) {
    arena_free(&s->arena);
    free(s->events);
    free(s->repeats);
}

static void add(struct said *s, instant at, unsigned line, struct bytes payload) {
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 256;
        s->events = realloc(s->events, s->room * sizeof *s->events);
        must(s->events);
    }
    s->events[s->count++] = (struct future_event){at, line, arena_bytes(s->arena, payload), NULL};
}

/* ---- the inbox ---- */

static int on_event(void *ctx, uint64_t seq, struct bytes payload) {
    struct said *s = ctx;
    (void)seq;
    add(s, s->now, 0, payload);
    return 0;
}

int said_add_inbox(struct said *s, const char *home, uint64_t position) {
    char dir[4200];
    struct journal *inbox;
    uint64_t first, last;
    snprintf(dir, sizeof dir, "%s/inbox", home);
    int rc = journal_open(&inbox, dir, false, 0);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = journal_range(inbox, &first, &last);
    if (rc == 0 && last > position)
        rc = journal_read(inbox, position + 1, (unsigned)(last - position), on_event, s);
    journal_close(&inbox);
    return rc;
}

/* ---- a file ---- */

static const char *read_line(struct bytes packed, struct line *ret) {
    struct pack_reader r = pack_read(packed);
    uint32_t pairs;
    struct text name;
    *ret = (struct line){.body = {NULL, 0}};
    if (!pack_read_map(&r, &pairs))
        return "not an object {\"id\", \"at\", \"type\", \"body\"}";
    for (; pairs > 0; pairs--) {
        bool good = pack_read_text(&r, &name);
        if (good && text_is(name, "id"))
            good = pack_read_text(&r, &ret->id);
        else if (good && text_is(name, "type"))
            good = pack_read_text(&r, &ret->type);
        else if (good && text_is(name, "at"))
            good = pack_read_text(&r, &ret->at);
        else if (good && text_is(name, "body"))
            good = pack_peek(&r) == PACK_MAP && pack_read_raw(&r, &ret->body);
        else
            return "an unknown member; there are id, at, type and body";
        if (!good)
            return "id, at and type are texts, and body is an object";
    }
    if (!ret->type.n || ret->type.n > 64)
        return "\"type\" is missing, or longer than 64 characters; see: cirkel protocol";
    if (ret->id.n > 64)
        return "\"id\" is longer than 64 characters";
    return ret->body.p ? NULL : "\"body\" is missing, or no object";
}

/* As intake reckons it, for whoever may do anything on this machine. */
static struct journal_digest *digest_of(struct said *s, const struct line *l) {
    const struct bytes key[] = {{KEYRING_OFFICE, strlen(KEYRING_OFFICE)}, {l->id.p, l->id.n}};
    struct journal_digest *d = arena_take(s->arena, sizeof *d);
    token_hash16(key, COUNT_OF(key), d->key);
    token_sum16((struct bytes){l->type.p, l->type.n}, l->body, d->content);
    d->received = 0;
    return d;
}

static const char *add_line(struct said *s, unsigned no, struct bytes packed, struct buf *row) {
    struct line l;
    instant at = s->now;
    const char *wrong = read_line(packed, &l);
    if (wrong)
        return wrong;
    if (l.at.p && instant_parse(l.at, &at))
        return "\"at\" is no moment with an offset; one is 2022-05-24T09:00:00+02:00";
    if (at < s->now) /* what was not said then is said now */
        at = s->now;
    struct rec_event e = {.owner = TEXT_LIT(KEYRING_OFFICE),
                          .id = l.id.n ? l.id : arena_printf(s->arena, "forecast-%u", no),
                          .type = l.type,
                          .received = at,
                          .body = l.body};
    buf_clear(row);
    codec_encode(&rec_shapes[REC_EVENT], &e, row);
    must(!row->over);
    add(s, at, no, buf_as_bytes(row));
    if (l.id.n)
        s->events[s->count - 1].id = digest_of(s, &l);
    return NULL;
}

static int by_time(const void *a, const void *b) {
    const struct future_event *x = a, *y = b;
    if (x->at != y->at)
        return (x->at > y->at) - (x->at < y->at);
    return (x->line > y->line) - (x->line < y->line); /* those of the inbox, all 0, come first */
}

static int add_lines(struct said *s, const char *path, struct text rest, struct buf *err) {
    struct text line;
    struct buf packed, row;
    char why[JSON_ERROR_TEXT];
    bool bad = false;
    buf_init(&packed, LINE_MOST);
    buf_init(&row, LINE_MOST + 1024);
    for (unsigned no = 1; text_cut(&rest, '\n', &line); no++) {
        const char *wrong = why;
        if (!text_trim(line).n)
            continue;
        buf_clear(&packed);
        if (json_to_pack(line, &packed, why) == 0)
            wrong = add_line(s, no, buf_as_bytes(&packed), &row);
        if (wrong)
            buf_printf(err, "%s:%u: %s\n", path, no, wrong);
        bad |= wrong != NULL;
    }
    buf_free(&packed);
    buf_free(&row);
    return bad ? -EBADMSG : 0;
}

int said_add_file(struct said *s, const char *home, const char *path, struct buf *reterr) {
    char inbox[4200];
    struct buf text;
    unsigned before = s->count;
    int rc = read_file(path, FILE_MOST, &text);
    if (rc)
        buf_printf(reterr, "%s: %s\n", path, strerror(-rc));
    else
        rc = add_lines(s, path, text_unmarked(buf_as_text(&text)), reterr);
    buf_free(&text);
    if (s->count > before)
        qsort(s->events + before, s->count - before, sizeof *s->events, by_time);
    snprintf(inbox, sizeof inbox, "%s/inbox", home);
    return rc ? rc : said_sort_out(s, before, inbox);
}
