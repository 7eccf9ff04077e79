#include "proto/keyring_inner.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENT_FILE_MAX ((size_t)16 * 1024)
#define SERVER_FILE_MAX ((size_t)256)
#define KEY_MODE 0600
#define CLIENT_MODE 0640
#define DIR_MODE 0750

static int client_path(const char *dir, struct text owner, char ret[PATH_MAX]) {
    int n = snprintf(ret, PATH_MAX, "%s/clients/%.*s.conf", dir, TEXT_ARGS(owner));
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int check_client(struct text owner, const struct text *types, unsigned type_count,
                        struct buf *reterr) {
    struct key_client client;
    if (!keyring_is_owner(owner)) {
        buf_printf(reterr,
                   "\"%.*s\" is no name for a client, expected 1 to 64 of a-z 0-9 - . _, not "
                   "\"" KEYRING_OFFICE "\"\n",
                   TEXT_ARGS(owner));
        return -EBADMSG;
    }
    if (type_count == 0 || type_count > KEYRING_TYPES) {
        buf_printf(reterr, "%u types, expected 1 to %d\n", type_count, KEYRING_TYPES);
        return -EBADMSG;
    }
    for (unsigned i = 0; i < type_count; i++)
        if (!keyring_mark_types(types[i], &client)) {
            buf_printf(reterr,
                       "\"%.*s\" fits no message and no query, expected a type, \"family.*\" or "
                       "\"*\"\n",
                       TEXT_ARGS(types[i]));
            return -EBADMSG;
        }
    return 0;
}

/* In single quotes: a key may hold "${". */
static void print_client(struct buf *to, const struct bus_key *key, const struct text *types,
                         unsigned type_count, bool is_operator) {
    char z85[BUS_KEY_TEXT];
    bus_key_text(key->public_key, z85);
    buf_printf(to, "public = '%s'\ntypes = {", z85);
    for (unsigned i = 0; i < type_count; i++)
        buf_printf(to, "%s\"%.*s\"", i ? ", " : "", TEXT_ARGS(types[i]));
    buf_printf(to, "}\noperator = %s\n", is_operator ? "true" : "false");
}

static int write_client(const char *dir, struct text owner, struct bytes content) {
    char path[PATH_MAX], folder[PATH_MAX];
    struct stat st;
    int r = client_path(dir, owner, path);
    if (r < 0)
        return r;
    if (lstat(path, &st) == 0)
        return -EEXIST;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    r = make_dir(folder, DIR_MODE);
    return r < 0 ? r : write_file(path, CLIENT_MODE, content);
}

static int make_server(const char *path, const char *dir, struct bus_key *ret) {
    char public[BUS_KEY_TEXT], secret[BUS_KEY_TEXT], text[2 * BUS_KEY_TEXT + 1];
    int r = make_dir(dir, DIR_MODE);
    if (r == 0)
        r = bus_key_new(ret);
    if (r < 0)
        return r;
    bus_key_text(ret->public_key, public);
    bus_key_text(ret->secret_key, secret);
    int n = snprintf(text, sizeof text, "%s\n%s\n", public, secret);
    must(n == 2 * BUS_KEY_TEXT);
    r = write_file(path, KEY_MODE, (struct bytes){text, (size_t)n});
    explicit_bzero(text, sizeof text);
    explicit_bzero(secret, sizeof secret);
    return r;
}

int keyring_new_client(const char *dir, struct text owner, const struct text *types,
                       unsigned type_count, bool is_operator, struct bus_key *ret,
                       struct buf *reterr) {
    struct bus_key key;
    struct buf content;
    int r = check_client(owner, types, type_count, reterr);
    if (r < 0)
        return r;
    r = bus_key_new(&key);
    if (r < 0)
        return r;
    buf_init(&content, CLIENT_FILE_MAX);
    print_client(&content, &key, types, type_count, is_operator);
    must(!content.over);
    r = write_client(dir, owner, buf_as_bytes(&content));
    buf_free(&content);
    if (r == 0)
        *ret = key;
    explicit_bzero(&key, sizeof key);
    return r;
}

int keyring_revoke(const char *dir, struct text owner) {
    char path[PATH_MAX];
    if (!keyring_is_owner(owner))
        return -ENOENT;
    int r = client_path(dir, owner, path);
    if (r < 0)
        return r;
    return unlink(path) ? -errno : 0;
}

int keyring_server(const char *dir, bool create, struct bus_key *ret) {
    char path[PATH_MAX];
    struct text rest, public, secret;
    struct bus_key key;
    struct stat st;
    struct buf content;
    int r = 0;
    if (snprintf(path, sizeof path, "%s/server.key", dir) >= PATH_MAX)
        return -ENAMETOOLONG;
    if (stat(path, &st))
        return errno == ENOENT && create ? make_server(path, dir, ret) : -errno;
    if (st.st_mode & 077)
        return -EPERM;
    r = read_file(path, SERVER_FILE_MAX, &content);
    if (r < 0)
        return r == -EFBIG ? -EBADMSG : r;
    rest = buf_as_text(&content);
    if (!text_cut(&rest, '\n', &public) || !text_cut(&rest, '\n', &secret) || text_trim(rest).n ||
        bus_key_parse(text_trim(public), key.public_key) != 0 ||
        bus_key_parse(text_trim(secret), key.secret_key) != 0)
        r = -EBADMSG;
    if (r == 0)
        *ret = key;
    if (content.p)
        explicit_bzero(content.p, content.n);
    buf_free(&content);
    explicit_bzero(&key, sizeof key);
    return r;
}

const char *keyring_server_trouble(int error) {
    return error == -EBADMSG ? "not a key pair, expected two lines of Z85"
           : error == -EPERM ? "others may read it, expected mode 0600"
                             : strerror(-error);
}
