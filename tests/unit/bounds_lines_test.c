/* What 64 KiB of anything may cost the command: tables and lines of events. */
/* service: cirkel */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/cirkel/import.h"
#include "tests/harness/bounds.h"

struct file {
    int fd;
    char path[64];
};

static void fill(const struct file *file, struct bytes in) {
    must(ftruncate(file->fd, 0) == 0 && pwrite(file->fd, in.p, in.n, 0) == (ssize_t)in.n);
}

/* No line may be good: there is no core to hold it against. */
static void read_table(void *ctx, struct bytes in) {
    struct file *file = ctx;
    for (enum import_kind kind = 0; kind < IMPORT_KINDS; kind++) {
        struct import import = {.kind = kind};
        fill(file, in);
        if (import_read(&import, file->path) == 0)
            must(import.of[IMPORT_NEW] == 0);
        import_free(&import);
    }
}

static void read_lines(void *ctx, struct bytes in) {
    struct file *file = ctx;
    struct lines *lines;
    struct line line;
    struct buf error;
    int rc;
    fill(file, in);
    buf_init(&error, 1 << 20);
    must(lines_open(&lines, file->path) == 0);
    while ((rc = lines_next(lines, &line, &error)) == 0 || rc == -EBADMSG) {
        if (rc == 0)
            line_free(&line);
        buf_clear(&error);
    }
    lines_close(&lines);
    buf_free(&error);
}

static void test_all(void **state) {
    struct file file = {.fd = memfd_create("lines", MFD_CLOEXEC)};
    (void)state;
    assert_true(file.fd >= 0);
    (void)snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    bounds_hold("CSV", read_table, &file,
                "person,name,email,language\n\0name;email;language\n\0network\tperson\tsource\n\0"
                "name,email,language,functions\nBo,x,sv,\0\"name\",\"\0",
                "a|\0\\|\0bo,Bo,no address,sv\n\0\"\n\0a,\"b\n\0;;;\n\0x;y;z\n\0");
    bounds_hold("JSON Lines", read_lines, &file, "{\"type\":\"x\",\"body\":{\"a\":[\0",
                "{}\n\0[\n\0{\"type\":\"a\",\"body\":{}}\n\0");
    close(file.fd);
}

/* A line without an end is not kept until memory ends; the next one is read. */
static void test_endless_line(void **state) {
    static const char good[] = "\n{\"id\":\"x\",\"type\":\"y\",\"body\":{}}";
    struct file file = {.fd = memfd_create("lines", MFD_CLOEXEC)};
    struct lines *lines;
    struct line line;
    struct buf error;
    (void)state;
    assert_true(file.fd >= 0);
    (void)snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    must(ftruncate(file.fd, 8 << 20) == 0); /* zeros */
    must(pwrite(file.fd, good, sizeof good - 1, 8 << 20) == sizeof good - 1);
    buf_init(&error, 1 << 20);
    assert_int_equal(lines_open(&lines, file.path), 0);
    assert_int_equal(lines_next(lines, &line, &error), -EBADMSG);
    assert_non_null(strstr(buf_cstr(&error), ":1: the line is longer than 3145728 bytes"));
    assert_int_equal(lines_next(lines, &line, &error), 0);
    assert_int_equal(line.no, 2);
    line_free(&line);
    assert_int_equal(lines_next(lines, &line, &error), -ENOENT);
    lines_close(&lines);
    buf_free(&error);
    close(file.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all),
                                       cmocka_unit_test(test_endless_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
