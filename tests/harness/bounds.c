#include "tests/harness/bounds.h"

#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECONDS_MOST 0.05
#define KIB_MOST (16 * 1024)
#define TRIES 3 /* another program may have had our caches */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 16
#else
#define SLOWER 1
#endif

/* MessagePack, JSON, CSV, settings, templates, Markdown, mail. */
static const struct {
    const char *p;
    size_t n;
} common_pieces[] = {
#define PIECE(s)                                                                                   \
    { s, sizeof s - 1 }
    PIECE("\0"),
    PIECE("\xc0"),
    PIECE("\xff"),
    PIECE("\x80"),
    PIECE("\x90"),
    PIECE("\x91"),
    PIECE("\x81"),
    PIECE("\x81\xa1k"),
    PIECE("\x81\x91"),
    PIECE("\xdd\0\0\xff\xff"),
    PIECE("\xdc\xff\xff"),
    PIECE("\xdf\0\0\xff\xff"),
    PIECE("\xde\xff\xff"),
    PIECE("\xc6\0\0\xff\xff"),
    PIECE("\xdb\0\0\1\0"),
    PIECE("\xa0"),
    PIECE("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
    PIECE("\xc7\xff\1"),
    PIECE("["),
    PIECE("{"),
    PIECE("]"),
    PIECE("}"),
    PIECE("[]"),
    PIECE("{}"),
    PIECE("[],"),
    PIECE("{\"a\":"),
    PIECE("\""),
    PIECE("\\"),
    PIECE("\\\""),
    PIECE("\\u0000"),
    PIECE("\\ud800"),
    PIECE("1"),
    PIECE("1e9,"),
    PIECE("-"),
    PIECE(","),
    PIECE(";"),
    PIECE("\t"),
    PIECE(" "),
    PIECE("\n"),
    PIECE("\r"),
    PIECE("\r\n"),
    PIECE("a\n"),
    PIECE("a,b\n"),
    PIECE("\"\""),
    PIECE("\"\"\n"),
    PIECE("\"a\"b\n"),
    PIECE("\"\n\"\n"),
    PIECE("a"),
    PIECE("'"),
    PIECE("="),
    PIECE("a = b\n"),
    PIECE("a = {\n"),
    PIECE("a {\n"),
    PIECE("a \"b\" {\n"),
    PIECE("+="),
    PIECE("# x\n"),
    PIECE("/*"),
    PIECE("//"),
    PIECE("${a}"),
    PIECE("$"),
    PIECE("include(\"a\")\n"),
    PIECE("{{"),
    PIECE("}}"),
    PIECE("{{a}}"),
    PIECE("{{#a}}"),
    PIECE("{{/a}}"),
    PIECE("{{^a}}"),
    PIECE("{{>a}}"),
    PIECE("{{{a}}}"),
    PIECE("{{!"),
    PIECE("{{#a}}{{/a}}"),
    PIECE("*"),
    PIECE("**"),
    PIECE("_"),
    PIECE("*a_ "),
    PIECE("**a *a "),
    PIECE("`"),
    PIECE("`a``"),
    PIECE("[a]("),
    PIECE("[a](b)"),
    PIECE("!["),
    PIECE("[["),
    PIECE("]("),
    PIECE("[a]: b\n"),
    PIECE("<"),
    PIECE("<a"),
    PIECE("<!--"),
    PIECE("<?"),
    PIECE("<![CDATA["),
    PIECE("&"),
    PIECE("&#0;"),
    PIECE("> "),
    PIECE("- "),
    PIECE("1. "),
    PIECE("- a\n"),
    PIECE("> > "),
    PIECE("# "),
    PIECE("\n\n"),
    PIECE("---\n"),
    PIECE("a\n===\n"),
    PIECE("    a\n"),
    PIECE("|a"),
    PIECE("\\*"),
    PIECE("\xc3\xa5"),
    PIECE("\xe2\x80\xa8"),
    PIECE("\xf0\x9f\x8e\x89"),
    PIECE("e\xcc\x81"),
    PIECE("\xc3"),
    PIECE("=?utf-8?Q?=41?= "),
    PIECE("A: b\n"),
    PIECE("--b\n"),
    PIECE("."),
    PIECE("..\r\n"),
    PIECE("250-a\r\n"),
    PIECE("250"),
    PIECE("a@b.example,")
#undef PIECE
};

static double processor(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* KiB resident at most since it was last forgotten. */
static long peak(void) {
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(file);
    return kib;
}

static void forget_peak(void) {
    malloc_trim(0);
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, "5", 1) == 1);
    close(fd);
}

static void hold_one(const char *decoder, bounds_fn *fn, void *ctx, struct bytes in) {
    double took = 0;
    long grown = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        forget_peak();
        long before = peak();
        double began = processor();
        fn(ctx, in);
        took = processor() - began;
        grown = peak() - before;
        if (took <= SECONDS_MOST * SLOWER && grown <= KIB_MOST * SLOWER)
            return;
    }
    fail_msg("%s: %zu bytes that begin %.60s: %.3f s, %ld KiB", decoder, in.n, (const char *)in.p,
             took, grown);
}

static void hold(const char *decoder, bounds_fn *fn, void *ctx, const char *head, const char *piece,
                 size_t n) {
    size_t at = strlen(head);
    char *bytes = malloc(BOUNDS_BYTES); /* of its own, so that a sanitizer sees what is past it */
    must(bytes != NULL && at < BOUNDS_BYTES);
    memcpy(bytes, head, at);
    for (; at < BOUNDS_BYTES; at += n)
        memcpy(bytes + at, piece, n < BOUNDS_BYTES - at ? n : BOUNDS_BYTES - at);
    hold_one(decoder, fn, ctx, (struct bytes){bytes, BOUNDS_BYTES});
    free(bytes);
}

void bounds_hold(const char *decoder, bounds_fn *fn, void *ctx, const char *heads,
                 const char *pieces) {
    const char *head = "";
    do {
        for (unsigned i = 0; i < COUNT_OF(common_pieces); i++)
            hold(decoder, fn, ctx, head, common_pieces[i].p, common_pieces[i].n);
        for (const char *piece = pieces; piece && *piece; piece += strlen(piece) + 1)
            hold(decoder, fn, ctx, head, piece, strlen(piece));
        head = *head ? head + strlen(head) + 1 : heads ? heads : "";
    } while (*head);
}
