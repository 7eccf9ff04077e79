/* The files under keys/: who comes in, who does not, and how a change is followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/keyring.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES (PATH_MAX + 64)

static char dir[FOLDER_BYTES];
static struct buf errors;

static void write_key_file(const char *name, const char *content) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/clients", dir);
    assert_int_equal(make_dir(path, 0750), 0);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(write_file(path, 0600, (struct bytes){content, strlen(content)}), 0);
}

static struct bus_key new_client(const char *owner, const char *type, bool is_operator) {
    struct bus_key key;
    struct text types[] = {text_of(type)};
    assert_int_equal(keyring_new_client(dir, text_of(owner), types, 1, is_operator, &key, &errors),
                     0);
    return key;
}

static struct keyring *open_ring(int want) {
    struct keyring *ring = NULL;
    buf_clear(&errors);
    assert_int_equal(keyring_open(&ring, dir, &errors), want);
    return ring;
}

static int count_one(void *ctx, const struct key_client *client) {
    (void)client;
    ++*(unsigned *)ctx;
    return 0;
}

static unsigned count(const struct keyring *ring) {
    unsigned n = 0;
    assert_int_equal(keyring_list(ring, count_one, &n), 0);
    return n;
}

static void no_folder_is_no_client(void **state) {
    (void)state;
    struct keyring *ring = open_ring(0);
    const uint8_t nobody[BUS_KEY_BYTES] = {0};
    assert_int_equal(count(ring), 0);
    assert_null(keyring_find(ring, nobody));
    assert_null(keyring_find_z85(ring, TEXT_NONE));
    keyring_close(&ring);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    struct bus_key web = new_client("web", "registration.*", false);
    struct bus_key all = new_client("all.2", "*", false);
    struct bus_key desk = new_client("desk-1", "*", true);
    char z85[BUS_KEY_TEXT];
    struct keyring *ring = open_ring(0);
    const struct key_client *client = keyring_find(ring, web.public_key);
    assert_int_equal(count(ring), 3);
    assert_string_equal(client->owner, "web");
    assert_true(keyring_allows(client, MSG_REGISTRATION_MAKE));
    assert_false(keyring_allows(client, MSG_CONSENT_GIVE));
    client = keyring_find(ring, all.public_key);
    assert_true(keyring_allows(client, MSG_CONSENT_GIVE));
    assert_false(keyring_allows(client, MSG_SENDING_PAUSE));
    client = keyring_find(ring, desk.public_key);
    assert_true(keyring_allows(client, MSG_SENDING_PAUSE));
    bus_key_text(desk.public_key, z85);
    assert_ptr_equal(keyring_find_z85(ring, text_of(z85)), client);
    assert_null(keyring_find(ring, web.secret_key));
    keyring_close(&ring);
}

/* Z85 has $, { and }, which libconfuse would expand in double quotes. */
static void a_key_may_look_like_an_expansion(void **state) {
    (void)state;
    static const char z85[] = "a${HOME}bcrstuvwxyz0123456789.-:+=^!/*?1";
    char content[200];
    struct keyring *ring;
    assert_int_equal(strlen(z85), 40);
    snprintf(content, sizeof content, "public = '%s'\ntypes = {\"*\"}\n", z85);
    write_key_file("clients/odd.conf", content);
    ring = open_ring(0);
    assert_non_null(keyring_find_z85(ring, text_of(z85)));
    keyring_close(&ring);
}

static void bad_files_let_nobody_in(void **state) {
    (void)state;
    static const char good[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    static const struct {
        const char *name, *public, *types, *word;
    } rows[] = {
        {"clients/a.conf", "short", "{\"*\"}", "public"},
        {"clients/a.conf", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y\\\"7", "{\"*\"}", "public"},
        {"clients/a.conf", good, "{\"registration\"}", "registration"},
        {"clients/a.conf", good, "{\"nothing.*\"}", "nothing.*"},
        {"clients/a.conf", good, "{}", "types"},
        {"clients/a.conf", good, "{\"*\"}\nadmin = true", "admin"},
        {"clients/a.conf", good, "{\"*\"}\noperator = perhaps", "operator"},
        {"clients/office.conf", good, "{\"*\"}", "office"},
        {"clients/A b.conf", good, "{\"*\"}", "A b"},
    };
    struct bus_key web = new_client("web", "*", false);
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        char content[300], path[PATH_BYTES];
        struct keyring *ring;
        snprintf(content, sizeof content, "public = '%s'\ntypes = %s\n", rows[i].public,
                 rows[i].types);
        write_key_file(rows[i].name, content);
        ring = open_ring(-EBADMSG);
        if (!strstr(buf_cstr(&errors), rows[i].word) || !strstr(buf_cstr(&errors), ".conf:"))
            fail_msg("row %u: %s", i, buf_cstr(&errors));
        assert_int_equal(count(ring), 1);
        assert_non_null(keyring_find(ring, web.public_key));
        keyring_close(&ring);
        snprintf(path, sizeof path, "%s/%s", dir, rows[i].name);
        assert_int_equal(unlink(path), 0);
    }
}

static void one_key_has_one_owner(void **state) {
    (void)state;
    static const char same[] =
        "public = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'\ntypes = {\"*\"}\n";
    write_key_file("clients/a.conf", same);
    write_key_file("clients/b.conf", same);
    struct keyring *ring = open_ring(-EBADMSG);
    assert_int_equal(count(ring), 1);
    keyring_close(&ring);
}

static void changes_are_followed(void **state) {
    (void)state;
    struct bus_key web = new_client("web", "*", false);
    struct keyring *ring = open_ring(0);
    assert_int_equal(keyring_reload_if_changed(ring, &errors), 0);
    struct bus_key late = new_client("late", "*", false);
    assert_int_equal(keyring_reload_if_changed(ring, &errors), 1);
    assert_non_null(keyring_find(ring, late.public_key));
    assert_int_equal(keyring_reload_if_changed(ring, &errors), 0);
    assert_int_equal(keyring_revoke(dir, TEXT_LIT("web")), 0);
    assert_int_equal(keyring_revoke(dir, TEXT_LIT("web")), -ENOENT);
    assert_int_equal(keyring_revoke(dir, TEXT_LIT("../clients/late")), -ENOENT);
    assert_int_equal(keyring_reload_if_changed(ring, &errors), 1);
    assert_null(keyring_find(ring, web.public_key));
    write_key_file("clients/bad.conf", "public =\n");
    assert_int_equal(keyring_reload_if_changed(ring, &errors), -EBADMSG);
    assert_int_equal(keyring_reload_if_changed(ring, &errors), 0);
    assert_non_null(keyring_find(ring, late.public_key));
    keyring_close(&ring);
}

static void new_clients_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *owner, *type;
        int want;
    } rows[] = {
        {"web", "*", -EEXIST},       {"office", "*", -EBADMSG},  {"../x", "*", -EBADMSG},
        {"", "*", -EBADMSG},         {".hidden", "*", -EBADMSG}, {"New", "*", -EBADMSG},
        {"new", "none.*", -EBADMSG}, {"new", "", -EBADMSG},      {"new", "*.make", -EBADMSG},
        {"new", "regi*", -EBADMSG},  {"new", "poll.answer", 0},
    };
    (void)new_client("web", "*", false);
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct text types[] = {text_of(rows[i].type)};
        struct bus_key key;
        buf_clear(&errors);
        assert_int_equal(
            keyring_new_client(dir, text_of(rows[i].owner), types, 1, false, &key, &errors),
            rows[i].want);
        assert_int_equal(errors.n > 0, rows[i].want == -EBADMSG);
    }
}

static void our_own_pair(void **state) {
    (void)state;
    struct bus_key made, read;
    struct stat st;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/server.key", dir);
    assert_int_equal(keyring_server(dir, false, &read), -ENOENT);
    assert_int_equal(keyring_server(dir, true, &made), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keyring_server(dir, true, &read), 0);
    assert_memory_equal(&made, &read, sizeof made);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keyring_server(dir, true, &read), -EPERM);
    write_key_file("server.key", "nothing\n");
    assert_int_equal(keyring_server(dir, true, &read), -EBADMSG);
}

static int make_folder(void **state) {
    (void)state;
    buf_init(&errors, 10000);
    return folder_make(dir, "keyring_test");
}

static int drop_folder(void **state) {
    (void)state;
    buf_free(&errors);
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(no_folder_is_no_client),
        ROW(what_is_written_is_read),
        ROW(a_key_may_look_like_an_expansion),
        ROW(bad_files_let_nobody_in),
        ROW(one_key_has_one_owner),
        ROW(changes_are_followed),
        ROW(new_clients_are_checked),
        ROW(our_own_pair),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
