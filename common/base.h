/* base - the words every file uses: borrowed text and bytes, a bounded buffer, an arena, must().
 *
 * INVARIANTS A buf never grows past its limit: it remembers that it would have (`over`), so that a
 *            chain of writes is checked once, at the end.
 * OWNERSHIP  struct text and struct bytes borrow. A buf and an arena own what they hold.
 * ERRORS     Running out of memory for a bounded piece is our mistake: the process stops (must()).
 */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

typedef int64_t msec;    /* a span of time, milliseconds */
typedef int64_t instant; /* a point in time, milliseconds since 1970-01-01T00:00:00Z; 0 is "none" */

#define SECONDS ((msec)1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)

/* Our mistake: says where and stops with a core. Never compiled out. */
#define must(cond) ((cond) ? (void)0 : must_failed(__FILE__, __LINE__, #cond))
_Noreturn void must_failed(const char *file, int line, const char *what);

struct bytes {
    const void *p;
    size_t n;
};
struct text { /* UTF-8, not terminated; p is NULL when absent */
    const char *p;
    size_t n;
};

#define TEXT_NONE ((struct text){NULL, 0})
#define TEXT_LIT(s) ((struct text){(s), sizeof(s) - 1})
#define TEXT_ARGS(t) (int)(t).n, (t).p ? (t).p : "" /* for "%.*s" */

struct text text_of(const char *s); /* NULL gives an absent text */
/* Here, because records are read with them: a call would take longer than they do. */
static inline bool text_eq(struct text a, struct text b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool text_is(struct text a, const char *s) {
    size_t n = strlen(s);
    return a.n == n && (n == 0 || memcmp(a.p, s, n) == 0);
}
int text_cmp(struct text a, struct text b);
/* The word for so many: plural(n, "person", "people"). */
static inline const char *plural(int64_t n, const char *one, const char *many) {
    return n == 1 ? one : many;
}
bool text_starts(struct text a, const char *prefix);
bool text_is_utf8(struct text a);
/* Splits off what stands before the first `sep`; *rest moves past it. False when nothing is left,
 * so a trailing `sep` gives no empty last part. */
bool text_cut(struct text *rest, char sep, struct text *ret_part);
/* Splits off what stands behind the last `sep`; all of it when there is none. */
struct text text_cut_last(struct text *rest, char sep);
struct text text_trim(struct text a);
struct text
text_unmarked(struct text a); /* of a file, without the mark some editors begin it with */
/* Copies into a fixed array, always terminated; -EMSGSIZE when it does not fit, -EILSEQ when it
 * holds a zero byte (the array is empty then). */
MUST_CHECK int text_copy(struct text a, char *to, size_t size);
MUST_CHECK int text_int(struct text a, int64_t *ret); /* decimal; -EINVAL, -ERANGE */

bool bytes_eq(struct bytes a, struct bytes b);
int bytes_cmp(struct bytes a, struct bytes b); /* as LMDB orders keys */

/* A write that would pass `limit` is left out whole, sets `over`, and so are all after it. */
struct buf {
    char *p;
    size_t n, cap, limit;
    bool over;
};
void buf_init(struct buf *b, size_t limit);
void buf_free(struct buf *b);
void buf_clear(struct buf *b);           /* keeps the memory, forgets `over` */
char *buf_take(struct buf *b, size_t n); /* n more bytes, to be filled; NULL: there is no room */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, struct text t);
void buf_html(struct buf *b, struct text t); /* as text of a page, or of an attribute in "" */
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *buf_cstr(struct buf *b); /* terminated; borrowed until the next write */
struct text buf_as_text(const struct buf *b);
struct bytes buf_as_bytes(const struct buf *b);

/* Memory of one turn: everything taken from it goes at once. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena **arena);
void arena_reset(struct arena *arena);
void *arena_take(struct arena *arena, size_t n);            /* aligned, not zeroed; never NULL */
struct text arena_text(struct arena *arena, struct text t); /* terminated; absent stays absent */
struct bytes arena_bytes(struct arena *arena, struct bytes b);
struct text arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Files are read as memory here: a page that cannot be read ends the process, but says so first. */
void watch_faults(void);

/* Castagnoli, RFC 3720 appendix B.4. `seed` is 0, or the sum of what came before. */
uint32_t crc32c(uint32_t seed, const void *p, size_t n);

/* Takes an exclusive lock on a file for the life of the process; -EBUSY when another holds it. */
MUST_CHECK int lock_file(const char *path);
MUST_CHECK int lock_file_fd(const char *path, int *ret_fd); /* the same, until *ret_fd is closed */
/* -EFBIG past limit. *ret is made here (empty on failure); the caller frees it with buf_free(). */
MUST_CHECK int read_file(const char *path, size_t limit, struct buf *ret);
/* Writes beside it, syncs, renames over it, syncs the folder. */
MUST_CHECK int write_file(const char *path, unsigned mode, struct bytes content);
MUST_CHECK int make_dir(const char *path, unsigned mode); /* and its parents; 0 when it is there */
MUST_CHECK int sync_dir(const char *path);       /* what was made, renamed and removed in it */
MUST_CHECK int sync_folder_of(const char *path); /* the folder that holds its name */
void remove_tree(const char *path);              /* as far as it can be */
/* fn for each file in a folder without a dot in front of its name, until it returns non-zero, which
 * is returned. -errno, too, when the names cannot be read to their end. */
typedef int file_fn(void *ctx, const char *name);
MUST_CHECK int each_file(const char *dir, file_fn *fn, void *ctx);

#endif
