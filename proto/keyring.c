#include "proto/keyring.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/token.h"
#include "proto/codec.h"
#include "proto/keyring_inner.h"

#define SUFFIX ".conf"

/* What the folder and its files looked like: equal marks, equal files. */
struct mark {
    unsigned char b[16];
};

struct keyring {
    char clients_dir[PATH_MAX];
    struct mark mark;
    struct key_client *clients; /* by owner */
    unsigned count;
};

struct client_file {
    char *public;
    struct config_list types;
    bool is_operator;
};

static const struct config_row client_rows[] = {
    {"public", CONFIG_STRING, offsetof(struct client_file, public), NULL, 40, 40,
     "The client's public key, Z85."},
    {"types", CONFIG_LIST, offsetof(struct client_file, types), NULL, 1, KEYRING_TYPES,
     "What it may say or ask: a type, \"family.*\" or \"*\"."},
    {"operator", CONFIG_BOOL, offsetof(struct client_file, is_operator), "false", 0, 0,
     "Whether it may say what only operators say."},
};

static bool fits(struct text pattern, struct text type) {
    if (text_is(pattern, "*"))
        return true;
    if (pattern.n > 2 && memcmp(pattern.p + pattern.n - 2, ".*", 2) == 0)
        return type.n >= pattern.n && memcmp(type.p, pattern.p, pattern.n - 1) == 0;
    return text_eq(pattern, type);
}

static int by_owner(const void *a, const void *b) {
    const struct key_client *left = a, *right = b;
    return strcmp(left->owner, right->owner);
}

static void mix_in(struct mark *mark, const char *name, const struct stat *st) {
    const int64_t facts[] = {(int64_t)st->st_ino,         (int64_t)st->st_size,
                             (int64_t)st->st_mtim.tv_sec, (int64_t)st->st_mtim.tv_nsec,
                             (int64_t)st->st_ctim.tv_sec, (int64_t)st->st_ctim.tv_nsec,
                             (int64_t)st->st_dev};
    const struct bytes parts[] = {{name, strlen(name)}, {facts, sizeof facts}};
    unsigned char hash[16];
    token_hash16(parts, COUNT_OF(parts), hash);
    /* In whatever order the folder names them. */
    for (unsigned i = 0; i < sizeof hash; i++)
        mark->b[i] ^= hash[i];
}

/* "web.conf" gives "web"; false for what is no client file. */
static bool owner_of(const char *file, struct text *ret) {
    size_t n = strlen(file), suffix = sizeof SUFFIX - 1;
    if (n <= suffix || strcmp(file + n - suffix, SUFFIX) != 0)
        return false;
    *ret = (struct text){file, n - suffix};
    return true;
}

/* fn(path, owner, stat) for each client file; no folder is an empty one. */
typedef int client_fn(void *ctx, const char *path, struct text owner, const struct stat *st);
struct clients_walk {
    const char *dir;
    client_fn *fn;
    void *ctx;
};

static int on_name(void *ctx, const char *name) {
    const struct clients_walk *walk = ctx;
    char path[PATH_MAX];
    struct text owner;
    struct stat st;
    if (!owner_of(name, &owner))
        return 0;
    if (snprintf(path, sizeof path, "%s/%s", walk->dir, name) >= (int)sizeof path)
        return -ENAMETOOLONG;
    if (stat(path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    return walk->fn(walk->ctx, path, owner, &st);
}

static int each_client(const char *clients_dir, client_fn *fn, void *ctx) {
    struct clients_walk walk = {clients_dir, fn, ctx};
    int r = each_file(clients_dir, on_name, &walk);
    return r == -ENOENT ? 0 : r;
}

static int mark_file(void *ctx, const char *path, struct text owner, const struct stat *st) {
    (void)owner;
    mix_in(ctx, path, st);
    return 0;
}

static int look(const char *clients_dir, struct mark *ret) {
    struct mark mark = {{0}};
    struct stat st;
    int r = each_client(clients_dir, mark_file, &mark);
    if (r == 0 && stat(clients_dir, &st) == 0)
        mix_in(&mark, clients_dir, &st);
    if (r == 0)
        *ret = mark;
    return r;
}

struct reading {
    struct key_client *clients;
    unsigned count;
    bool is_bad;
    struct buf *reterr;
};

static bool take_types(struct key_client *client, const struct config_list *types, const char *path,
                       struct buf *reterr) {
    for (unsigned i = 0; i < types->count; i++) {
        struct text pattern = text_of(types->items[i]);
        if (!keyring_mark_types(pattern, client)) {
            config_error(reterr, path, 0,
                         "types: \"%.64s\" fits no message and no query, expected a type, "
                         "\"family.*\" or \"*\"",
                         types->items[i]);
            return false;
        }
        must(text_copy(pattern, client->types[client->type_count++], 65) == 0);
    }
    for (unsigned i = 0; i < MSG_COUNT; i++)
        if (!client->is_operator && !(msg_shapes[i].speakers & FRONTEND))
            client->may[i] = false;
    return true;
}

static bool take_client(struct reading *reading, const struct client_file *file, const char *path,
                        struct text owner, struct key_client *ret) {
    if (!keyring_is_owner(owner)) {
        config_error(reading->reterr, path, 0,
                     "\"%.*s\" is no name for a client, expected 1 to 64 of a-z 0-9 - . _, not "
                     "\"" KEYRING_OFFICE "\"",
                     TEXT_ARGS(owner));
        return false;
    }
    must(text_copy(owner, ret->owner, sizeof ret->owner) == 0);
    ret->is_operator = file->is_operator;
    if (bus_key_parse(text_of(file->public), ret->public_key) != 0) {
        config_error(reading->reterr, path, 0, "public is no key, expected 40 characters of Z85");
        return false;
    }
    bus_key_text(ret->public_key, ret->public_z85);
    for (unsigned i = 0; i < reading->count; i++)
        if (memcmp(reading->clients[i].public_key, ret->public_key, BUS_KEY_BYTES) == 0) {
            config_error(reading->reterr, path, 0, "public is the key of %s, too, expected its own",
                         reading->clients[i].owner);
            return false;
        }
    return take_types(ret, &file->types, path, reading->reterr);
}

static int read_client(void *ctx, const char *path, struct text owner, const struct stat *st) {
    struct reading *reading = ctx;
    struct key_client client = {.type_count = 0};
    struct client_file file;
    bool is_good;
    (void)st;
    if (reading->count == KEYRING_CLIENTS) {
        config_error(reading->reterr, path, 0, "more than %d clients", KEYRING_CLIENTS);
        reading->is_bad = true;
        return -E2BIG;
    }
    int r = config_read(path, client_rows, COUNT_OF(client_rows), &file, reading->reterr);
    if (r == -ENOENT) /* revoked while we looked */
        return 0;
    if (r < 0 && r != -EBADMSG)
        config_error(reading->reterr, path, 0, "%s", strerror(-r));
    is_good = r == 0 && take_client(reading, &file, path, owner, &client);
    if (r == 0)
        config_free(client_rows, COUNT_OF(client_rows), &file);
    if (is_good)
        reading->clients[reading->count++] = client;
    reading->is_bad = reading->is_bad || !is_good;
    return 0;
}

/* Reads everything anew. */
static int read_all(struct keyring *keyring, struct buf *reterr) {
    struct reading reading = {.reterr = reterr};
    int r;
    reading.clients = calloc(KEYRING_CLIENTS, sizeof *reading.clients);
    must(reading.clients != NULL);
    r = each_client(keyring->clients_dir, read_client, &reading);
    if (r == -E2BIG)
        r = 0;
    if (r < 0)
        reading.count = 0;
    qsort(reading.clients, reading.count, sizeof *reading.clients, by_owner);
    keyring->clients = realloc(keyring->clients, (reading.count + 1) * sizeof *keyring->clients);
    must(keyring->clients != NULL);
    memcpy(keyring->clients, reading.clients, reading.count * sizeof *keyring->clients);
    keyring->count = reading.count;
    free(reading.clients);
    return r < 0 ? r : reading.is_bad ? -EBADMSG : 0;
}

bool keyring_is_owner(struct text owner) {
    return check_id(owner) == 0 && owner.p[0] != '.' && !text_is(owner, KEYRING_OFFICE);
}

bool keyring_mark_types(struct text pattern, struct key_client *to) {
    bool any = false;
    if (pattern.n == 0 || pattern.n > 64)
        return false;
    for (unsigned i = 0; i < MSG_COUNT; i++)
        if (fits(pattern, text_of(msg_shapes[i].name)))
            any = to->may[i] = true;
    for (unsigned i = 0; i < QUERY_COUNT; i++) {
        char right[QUERY_RIGHT_MAX];
        (void)snprintf(right, sizeof right, QUERY_RIGHT "%s", query_infos[i].shape.name);
        if (fits(pattern, text_of(right)))
            any = to->may_ask[i] = true;
    }
    if (fits(pattern, TEXT_LIT(QUERY_AS_PERSON)))
        any = to->may_ask_as_person = true;
    return any;
}

int keyring_open(struct keyring **ret, const char *dir, struct buf *reterr) {
    struct keyring *keyring = calloc(1, sizeof *keyring);
    must(keyring != NULL);
    int r = 0;
    if (snprintf(keyring->clients_dir, PATH_MAX, "%s/clients", dir) >= PATH_MAX)
        r = -ENAMETOOLONG;
    if (r == 0)
        r = look(keyring->clients_dir, &keyring->mark);
    if (r == 0)
        r = read_all(keyring, reterr);
    if (r == 0 || r == -EBADMSG)
        *ret = keyring;
    else
        keyring_close(&keyring);
    return r;
}

void keyring_close(struct keyring **keyring) {
    if (!*keyring)
        return;
    free((*keyring)->clients);
    free(*keyring);
    *keyring = NULL;
}

int keyring_reload_if_changed(struct keyring *keyring, struct buf *reterr) {
    struct mark mark;
    int r = look(keyring->clients_dir, &mark);
    if (r == 0 && memcmp(&mark, &keyring->mark, sizeof mark) == 0)
        return 0;
    if (r == 0) {
        /* Taken before the reading: what changes meanwhile is read again the next time. */
        keyring->mark = mark;
        r = read_all(keyring, reterr);
    }
    if (r < 0 && r != -EBADMSG) {
        keyring->count = 0;
        keyring->mark = (struct mark){{0}};
    }
    return r == 0 ? 1 : r;
}

const struct key_client *keyring_find(const struct keyring *keyring,
                                      const uint8_t public_key[BUS_KEY_BYTES]) {
    for (unsigned i = 0; i < keyring->count; i++)
        if (memcmp(keyring->clients[i].public_key, public_key, BUS_KEY_BYTES) == 0)
            return &keyring->clients[i];
    return NULL;
}

const struct key_client *keyring_find_z85(const struct keyring *keyring, struct text z85) {
    for (unsigned i = 0; i < keyring->count; i++)
        if (text_is(z85, keyring->clients[i].public_z85))
            return &keyring->clients[i];
    return NULL;
}

bool keyring_admit(void *ctx, const uint8_t key[BUS_KEY_BYTES], char ret_user[BUS_USER_MAX + 1]) {
    const struct key_client *client = keyring_find(ctx, key);
    if (client)
        memcpy(ret_user, client->public_z85, sizeof client->public_z85);
    return client != NULL;
}

bool keyring_allows(const struct key_client *client, enum msg_type type) {
    must(type < MSG_COUNT);
    return client->may[type];
}

bool keyring_may_ask(const struct key_client *client, enum query_type query) {
    must(query < QUERY_COUNT);
    return client->may_ask[query];
}

int keyring_list(const struct keyring *keyring, keyring_fn *fn, void *ctx) {
    int r = 0;
    for (unsigned i = 0; i < keyring->count && r == 0; i++)
        r = fn(ctx, &keyring->clients[i]);
    return r;
}
