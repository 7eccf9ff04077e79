/* Whatever the file: it is refused with a reason, or it fills the struct. */
#include "common/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
    char *a;
    int64_t b;
    msec c;
    struct config_list d;
};
static const struct config_row rows[] = {
    {"a", CONFIG_STRING, offsetof(struct settings, a), "", 0, 0, "A."},
    {"b", CONFIG_INT, offsetof(struct settings, b), "1", -5, 5, "B."},
    {"c", CONFIG_SPAN, offsetof(struct settings, c), "1s", 0, 0, "C."},
    {"d", CONFIG_LIST, offsetof(struct settings, d), "", 0, 0, "D."},
};

static void check_and_free(struct settings *s) {
    must(strlen(s->a) <= CONFIG_STRING_MAX && s->b >= -5 && s->b <= 5 && s->c >= 0);
    must(s->d.count <= CONFIG_LIST_MAX);
    config_free(rows, COUNT_OF(rows), s);
}

static int on_section(void *ctx, struct text title, unsigned line, void *section) {
    (void)ctx;
    must(title.p && line > 0);
    check_and_free(section);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("config", 0);
        must(file >= 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    must(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    struct settings s;
    struct buf error;
    buf_init(&error, 1u << 20);
    if (config_read(path, rows, COUNT_OF(rows), &s, &error) == 0)
        check_and_free(&s);
    else
        must(error.n > 0);
    buf_clear(&error);
    int rc = config_read_sections(path, "rule", rows, COUNT_OF(rows), sizeof s, on_section, NULL,
                                  &error);
    must((rc == 0) == (error.n == 0));
    buf_free(&error);
    return 0;
}
