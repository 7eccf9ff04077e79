#include "proto/instance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/token.h"

#define PATH_BYTES 4352
#define FILE_MAX 1024
#define MACHINE_ID "/etc/machine-id"

struct file {
    int64_t instance, generation, inbox;
    char *restored;
};

static const struct config_row rows[] = {
    {.name = "instance", .kind = CONFIG_INT, .offset = offsetof(struct file, instance)},
    {.name = "generation", .kind = CONFIG_INT, .offset = offsetof(struct file, generation)},
    {.name = "inbox", .kind = CONFIG_INT, .offset = offsetof(struct file, inbox), .fallback = "0"},
    {.name = "restored",
     .kind = CONFIG_STRING,
     .offset = offsetof(struct file, restored),
     .fallback = "",
     .min = 0,
     .max = 100},
};

static int path_of(const char *home, const char *name, char ret[PATH_BYTES]) {
    int n = snprintf(ret, PATH_BYTES, "%s/%s", home, name);
    return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

int instance_read(const char *home, struct instance *ret) {
    char path[PATH_BYTES];
    struct file file;
    struct stat st;
    struct buf err;
    int rc = path_of(home, "instance", path);
    if (rc)
        return rc;
    if (stat(path, &st))
        return -errno;
    buf_init(&err, FILE_MAX);
    rc = config_read(path, rows, COUNT_OF(rows), &file, &err);
    buf_free(&err);
    if (rc)
        return rc;
    *ret = (struct instance){
        .instance = file.instance, .generation = file.generation, .inbox = file.inbox};
    rc = text_copy(text_of(file.restored), ret->restored, sizeof ret->restored);
    config_free(rows, COUNT_OF(rows), &file);
    return rc || ret->instance <= 0 || ret->generation <= 0 ? -EBADMSG : 0;
}

int instance_write(const char *home, const struct instance *instance) {
    char path[PATH_BYTES];
    struct buf b;
    int rc = path_of(home, "instance", path);
    buf_init(&b, FILE_MAX);
    buf_printf(&b,
               "# Which home this is; written by cirkel. A copy of the home opens on hold.\n"
               "instance = %" PRId64 "\ngeneration = %" PRId64 "\n",
               instance->instance, instance->generation);
    if (instance->inbox)
        buf_printf(&b, "inbox = %" PRId64 "\n", instance->inbox);
    if (instance->restored[0])
        buf_printf(&b, "restored = \"%s\"\n", instance->restored);
    must(!b.over);
    if (rc == 0)
        rc = write_file(path, 0640, buf_as_bytes(&b));
    buf_free(&b);
    return rc;
}

int instance_make(const char *home) {
    struct instance instance = {.generation = 1};
    while (instance.instance <= 0) {
        token_random(&instance.instance, sizeof instance.instance);
        instance.instance &= INT64_MAX;
    }
    return instance_write(home, &instance);
}

/* The id that an installation gets; where there is none, the files alone must do. */
static int machine_id(struct buf *ret) {
    int rc = read_file(MACHINE_ID, FILE_MAX, ret);
    return rc == -ENOENT || rc == -EACCES ? 0 : rc;
}

/* Inodes: another place on the disk is another file. Numbers of devices change when a machine
 * starts anew, and say nothing. */
int instance_mark(const char *home, int64_t *ret) {
    static const char *const files[] = {"", "core/data.mdb"};
    uint64_t inodes[COUNT_OF(files)];
    unsigned char hash[16];
    char path[PATH_BYTES];
    struct stat st;
    struct buf machine;
    int64_t mark;
    for (unsigned i = 0; i < COUNT_OF(files); i++) {
        int rc = path_of(home, files[i], path);
        if (rc || stat(path, &st))
            return rc ? rc : -errno;
        inodes[i] = (uint64_t)st.st_ino;
    }
    int rc = machine_id(&machine);
    struct bytes parts[] = {{"cirkel", 6}, buf_as_bytes(&machine), {inodes, sizeof inodes}};
    token_hash16(parts, COUNT_OF(parts), hash);
    buf_free(&machine);
    if (rc)
        return rc;
    memcpy(&mark, hash, sizeof mark);
    *ret = (mark & INT64_MAX) | 1;
    return 0;
}

int instance_reached(const char *home, uint64_t *ret) {
    char path[PATH_BYTES];
    struct buf text;
    int64_t position = 0;
    int rc = path_of(home, "reached", path);
    if (rc)
        return rc;
    rc = read_file(path, FILE_MAX, &text);
    if (rc == 0)
        rc = text_int(text_trim(buf_as_text(&text)), &position);
    buf_free(&text);
    if (rc && rc != -ENOENT)
        return -EBADMSG;
    *ret = (uint64_t)position;
    return 0;
}

int instance_note_reached(const char *home, uint64_t position) {
    char path[PATH_BYTES], text[32];
    int n = snprintf(text, sizeof text, "%" PRIu64 "\n", position);
    int rc = path_of(home, "reached", path);
    return rc ? rc : write_file(path, 0640, (struct bytes){text, (size_t)n});
}
