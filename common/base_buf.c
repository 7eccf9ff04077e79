#include "common/base.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256 /* most records fit */
#define CHUNK_BYTES ((size_t)16 * 1024)

/* Room for n more bytes and the terminator; false (and over) when that would pass the limit. */
static bool make_room(struct buf *b, size_t n) {
    size_t need, cap;

    if (b->over || n > b->limit - b->n) {
        b->over = true;
        return false;
    }
    need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    cap = b->cap ? b->cap : BUF_FIRST;
    while (cap < need)
        cap *= 2;
    b->p = realloc(b->p, cap);
    must(b->p != NULL);
    b->cap = cap;
    return true;
}

void buf_init(struct buf *b, size_t limit) {
    must(limit < SIZE_MAX / 4);
    *b = (struct buf){.limit = limit};
}

void buf_free(struct buf *b) {
    free(b->p);
    *b = (struct buf){.limit = b->limit};
}

void buf_clear(struct buf *b) {
    b->n = 0;
    b->over = false;
}

char *buf_take(struct buf *b, size_t n) {
    if (!make_room(b, n))
        return NULL;
    b->n += n;
    return b->p + b->n - n;
}

void buf_add(struct buf *b, const void *p, size_t n) {
    if (n == 0 || !make_room(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void buf_text(struct buf *b, struct text t) {
    buf_add(b, t.p, t.n);
}

void buf_html(struct buf *b, struct text t) {
    for (size_t i = 0; i < t.n; i++)
        switch (t.p[i]) {
        case '&':
            buf_str(b, "&amp;");
            break;
        case '<':
            buf_str(b, "&lt;");
            break;
        case '>':
            buf_str(b, "&gt;");
            break;
        case '"':
            buf_str(b, "&quot;");
            break;
        default:
            buf_char(b, t.p[i]);
        }
}

void buf_str(struct buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c) {
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    size_t room = b->cap > b->n ? b->cap - b->n : 0;
    va_list args;
    int n;

    if (b->over)
        return;
    va_start(args, fmt);
    n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, args);
    va_end(args);
    must(n >= 0);
    if (!make_room(b, (size_t)n))
        return;
    if ((size_t)n >= room) {
        va_start(args, fmt);
        n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, args);
        va_end(args);
    }
    b->n += (size_t)n;
}

const char *buf_cstr(struct buf *b) {
    if (b->cap == 0) {
        b->p = malloc(BUF_FIRST);
        must(b->p != NULL);
        b->cap = BUF_FIRST;
    }
    b->p[b->n] = '\0'; /* make_room() always keeps a byte for it */
    return b->p;
}

struct text buf_as_text(const struct buf *b) {
    return (struct text){b->p ? b->p : "", b->n};
}

struct bytes buf_as_bytes(const struct buf *b) {
    return (struct bytes){b->p ? b->p : "", b->n};
}

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};
struct arena {
    struct chunk *chunks; /* the first one is filled; bigger pieces stand alone behind it */
};

static struct chunk *chunk_new(size_t size) {
    struct chunk *chunk;

    must(size < SIZE_MAX / 2);
    chunk = malloc(sizeof *chunk + size);
    must(chunk != NULL);
    *chunk = (struct chunk){.size = size};
    return chunk;
}

struct arena *arena_new(void) {
    struct arena *arena = malloc(sizeof *arena);

    must(arena != NULL);
    arena->chunks = chunk_new(CHUNK_BYTES);
    return arena;
}

void arena_free(struct arena **arena) {
    if (!*arena)
        return;
    arena_reset(*arena);
    free((*arena)->chunks);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena) {
    struct chunk *chunk = arena->chunks->next;

    while (chunk) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks->next = NULL;
    arena->chunks->used = 0;
}

void *arena_take(struct arena *arena, size_t n) {
    struct chunk *first = arena->chunks;
    struct chunk *chunk;
    void *p;

    must(n < SIZE_MAX / 4);
    n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (n <= first->size - first->used) {
        p = first->data + first->used;
        first->used += n;
        return p;
    }
    chunk = chunk_new(n > CHUNK_BYTES / 4 ? n : CHUNK_BYTES);
    chunk->used = n;
    if (n > CHUNK_BYTES / 4) {
        chunk->next = first->next;
        first->next = chunk;
    } else {
        chunk->next = first;
        arena->chunks = chunk;
    }
    return chunk->data;
}

struct text arena_text(struct arena *arena, struct text t) {
    char *p;

    if (!t.p)
        return TEXT_NONE;
    p = arena_take(arena, t.n + 1);
    memcpy(p, t.p, t.n);
    p[t.n] = '\0';
    return (struct text){p, t.n};
}

struct bytes arena_bytes(struct arena *arena, struct bytes b) {
    void *p = arena_take(arena, b.n);

    if (b.n)
        memcpy(p, b.p, b.n);
    return (struct bytes){p, b.n};
}

struct text arena_printf(struct arena *arena, const char *fmt, ...) {
    char most[512]; /* are no longer */
    va_list args;
    size_t size;
    char *p;
    int n;

    va_start(args, fmt);
    n = vsnprintf(most, sizeof most, fmt, args);
    va_end(args);
    must(n >= 0);
    size = (size_t)n + 1;
    p = arena_take(arena, size);
    if (size <= sizeof most) {
        memcpy(p, most, size);
    } else {
        va_start(args, fmt);
        vsnprintf(p, size, fmt, args);
        va_end(args);
    }
    return (struct text){p, (size_t)n};
}
