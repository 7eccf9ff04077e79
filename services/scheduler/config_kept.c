#include "services/scheduler/config_kept.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/pack.h"
#include "proto/table.h"

#define KEPT_MAX ((size_t)15 << 20)
#define FILE_MAX ((size_t)1 << 20)
#define PATH_BYTES 4700

static const char *const folders[] = {"rules", "letters"};

static int add_file(struct buf *to, const char *home, const char *name) {
    char path[PATH_BYTES];
    struct buf content;
    snprintf(path, sizeof path, "%s/%s", home, name);
    int rc = read_file(path, FILE_MAX, &content);
    if (rc == 0) {
        pack_str(to, name);
        pack_bytes(to, buf_as_bytes(&content));
    }
    buf_free(&content);
    return rc;
}

static int is_plain(const struct dirent *d) {
    return d->d_name[0] != '.' && d->d_type != DT_DIR;
}

static int add_folder(struct buf *to, const char *home, const char *folder, uint32_t *count) {
    char path[PATH_BYTES], name[512];
    struct dirent **names = NULL;
    snprintf(path, sizeof path, "%s/%s", home, folder);
    int n = scandir(path, &names, is_plain, alphasort), rc = n < 0 ? -errno : 0;
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, names[i]->d_name);
        if (rc == 0)
            rc = add_file(to, home, name);
        ++*count;
        free(names[i]);
    }
    free(names);
    return rc;
}

static int pack_home(const char *home, struct buf *ret) {
    struct buf files;
    uint32_t count = 1;
    buf_init(&files, KEPT_MAX);
    int rc = add_file(&files, home, "cirkel.conf");
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(folders); i++)
        rc = add_folder(&files, home, folders[i], &count);
    pack_map(ret, count);
    buf_add(ret, files.p, files.n);
    if (rc == 0 && (files.over || ret->over))
        rc = -EFBIG;
    buf_free(&files);
    return rc;
}

int config_keep(struct txn *txn, const char *home, char ret_hash[TOKEN_ID_MAX]) {
    struct buf b;
    struct bytes there;
    struct key key;
    buf_init(&b, KEPT_MAX + 16);
    int rc = pack_home(home, &b);
    if (rc == 0) {
        struct bytes part = buf_as_bytes(&b);
        token_hash_text(&part, 1, ret_hash);
        key_clear(&key);
        key_text(&key, text_of(ret_hash));
        rc = store_get(txn, TABLE_CONFIG, key_bytes(&key), &there);
        if (rc == -ENOENT)
            rc = store_put(txn, TABLE_CONFIG, key_bytes(&key), part);
        key_clear(&key);
        key_text(&key, TEXT_LIT(CONFIG_NOW));
        if (rc == 0)
            rc = store_put(txn, TABLE_CONFIG, key_bytes(&key),
                           (struct bytes){ret_hash, strlen(ret_hash)});
    }
    buf_free(&b);
    return rc;
}

static int write_out(const char *to, struct text name, struct bytes content) {
    char path[PATH_BYTES];
    if (name.n > 500 || memchr(name.p, 0, name.n))
        return -EBADMSG;
    snprintf(path, sizeof path, "%s/%.*s", to, TEXT_ARGS(name));
    return write_file(path, 0640, content);
}

int config_unpack(struct bytes kept, const char *to) {
    struct pack_reader r = pack_read(kept);
    char path[PATH_BYTES];
    uint32_t count;
    int rc = pack_read_map(&r, &count) ? make_dir(to, 0750) : -EBADMSG;
    for (unsigned i = 0; rc == 0 && i < COUNT_OF(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", to, folders[i]);
        rc = make_dir(path, 0750);
    }
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct text name;
        struct bytes content;
        rc = pack_read_text(&r, &name) && pack_read_bytes(&r, &content)
                 ? write_out(to, name, content)
                 : -EBADMSG;
    }
    return rc;
}
