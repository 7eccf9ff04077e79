/* What was said before, under its id: it is sorted out as the front door would. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/journal.h"
#include "services/scheduler/forecast/said.h"

#define SLICE 4096

struct known { /* one id of the file */
    const struct journal_digest *wanted;
    const uint8_t *content; /* of what was said first under it; NULL: nothing was */
};

struct sorting {
    struct said *said;
    struct known *ids; /* by key, each once */
    size_t count;
    uint64_t next; /* of the journal */
};

static int by_key(const void *a, const void *b) {
    const struct known *x = a, *y = b;
    return memcmp(x->wanted->key, y->wanted->key, JOURNAL_HASH_BYTES);
}

static struct known *find(const struct sorting *s, const struct journal_digest *digest) {
    struct known wanted = {.wanted = digest};
    return s->count ? bsearch(&wanted, s->ids, s->count, sizeof *s->ids, by_key) : NULL;
}

static void list_ids(struct sorting *s, unsigned from) {
    size_t count = 0;
    s->ids = calloc(s->said->count - from + 1, sizeof *s->ids);
    must(s->ids);
    for (unsigned i = from; i < s->said->count; i++)
        if (s->said->events[i].id)
            s->ids[count++].wanted = s->said->events[i].id;
    qsort(s->ids, count, sizeof *s->ids, by_key);
    for (size_t i = 0; i < count; i++)
        if (!s->count || by_key(&s->ids[s->count - 1], &s->ids[i]))
            s->ids[s->count++] = s->ids[i];
}

static int on_digest(void *ctx, uint64_t seq, const struct journal_digest *digest) {
    struct sorting *s = ctx;
    struct known *k = find(s, digest);
    s->next = seq + 1;
    if (k && !k->content)
        k->content =
            arena_bytes(s->said->arena, (struct bytes){digest->content, JOURNAL_HASH_BYTES}).p;
    return 0;
}

/* A damaged digest is passed over: whose it was, nobody knows. */
static int read_digests(struct sorting *s, struct journal *journal) {
    uint64_t first, last;
    int rc = journal_range(journal, &first, &last);
    while (rc == 0 && s->next <= last) {
        uint64_t from = s->next;
        rc = journal_digests(journal, from, SLICE, on_digest, s);
        if (rc == -EBADMSG) {
            s->next++;
            rc = 0;
        } else if (s->next == from) {
            break;
        }
    }
    return rc;
}

static bool is_new(struct sorting *s, const struct future_event *e) {
    struct known *k = e->id ? find(s, e->id) : NULL;
    if (k && k->content) {
        bool same = memcmp(k->content, e->id->content, JOURNAL_HASH_BYTES) == 0;
        s->said->repeats[s->said->repeat_count++] = (struct said_repeat){e->line, !same};
        return false;
    }
    if (k)
        k->content = e->id->content;
    return true;
}

int said_sort_out(struct said *said, unsigned from, const char *inbox) {
    struct sorting s = {.said = said, .next = 1};
    struct journal *journal;
    unsigned left = from;
    list_ids(&s, from);
    int rc = s.count ? journal_open(&journal, inbox, false, 0) : -ENOENT;
    if (rc == 0) {
        rc = read_digests(&s, journal);
        journal_close(&journal);
    }
    said->repeats = calloc(said->count - from + 1, sizeof *said->repeats);
    must(said->repeats);
    for (unsigned i = from; i < said->count; i++)
        if (is_new(&s, &said->events[i]))
            said->events[left++] = said->events[i];
    said->count = left;
    free(s.ids);
    return rc == -ENOENT ? 0 : rc;
}
