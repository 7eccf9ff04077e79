/* service: cirkel */
#include "services/cirkel/verify.h"

#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[FOLDER_BYTES];

static struct key key_of(const char *a, const char *b, uint64_t number) {
    struct key key;

    key_clear(&key);
    if (a)
        key_text(&key, text_of(a));
    if (b)
        key_text(&key, text_of(b));
    if (number)
        key_u64(&key, number);
    return key;
}

static void put_bytes(struct txn *txn, enum table table, struct key key, struct bytes value) {
    assert_int_equal(store_put(txn, table, key_bytes(&key), value), 0);
}

static void mark(struct txn *txn, enum table table, struct key key, const char *value) {
    put_bytes(txn, table, key, (struct bytes){value, strlen(value)});
}

static void count(struct txn *txn, enum table table, const char *name, uint64_t n) {
    struct key value;

    key_clear(&value);
    key_u64(&value, n);
    put_bytes(txn, table, key_of(name, NULL, 0), key_bytes(&value));
}

static void put(struct txn *txn, enum table table, struct key key, const void *rec) {
    struct buf b;

    buf_init(&b, 1 << 16);
    codec_encode(&rec_shapes[table_infos[table].record], rec, &b);
    put_bytes(txn, table, key, buf_as_bytes(&b));
    buf_free(&b);
}

/* A person, a meeting with one registration and one on the waiting list. All is as it should be. */
static void put_good(struct txn *txn) {
    struct rec_person anna = {.person = TEXT_LIT("anna"),
                              .state = TEXT_LIT("active"),
                              .email = TEXT_LIT("Anna@example.org"),
                              .language = TEXT_LIT("sv")};
    struct rec_membership member = {.network = TEXT_LIT("n"),
                                    .person = TEXT_LIT("anna"),
                                    .state = TEXT_LIT("active"),
                                    .zone = TEXT_LIT("Europe/Stockholm")};
    struct rec_meeting meeting = {.meeting = TEXT_LIT("m"),
                                  .state = TEXT_LIT("called"),
                                  .kind = TEXT_LIT("network"),
                                  .title = {.any = TEXT_LIT("M")},
                                  .starts = TEXT_LIT("2022-05-24T09:00"),
                                  .ends = TEXT_LIT("2022-05-24T10:00"),
                                  .zone = TEXT_LIT("Europe/Stockholm"),
                                  .minutes = 60,
                                  .mode = TEXT_LIT("room"),
                                  .audience = TEXT_LIT("members"),
                                  .planned = 1,
                                  .registered = 1,
                                  .waiting = 1};
    struct rec_registration r = {.meeting = TEXT_LIT("m"),
                                 .person = TEXT_LIT("anna"),
                                 .state = TEXT_LIT("registered"),
                                 .zone = TEXT_LIT("Europe/Stockholm")};

    put(txn, TABLE_PERSON, key_of("anna", NULL, 0), &anna);
    mark(txn, TABLE_ADDRESS, key_of("anna@example.org", NULL, 0), "anna");
    put(txn, TABLE_MEMBERSHIP, key_of("n", "anna", 0), &member);
    mark(txn, TABLE_MEMBER_OF, key_of("anna", "n", 0), "");
    put(txn, TABLE_MEETING, key_of("m", NULL, 0), &meeting);
    put(txn, TABLE_REGISTRATION, key_of("m", "anna", 0), &r);
    mark(txn, TABLE_REGISTERED_FOR, key_of("anna", "m", 0), "");
    r.person = TEXT_LIT("bo");
    r.state = TEXT_LIT("waiting");
    r.queue = 7;
    put(txn, TABLE_REGISTRATION, key_of("m", "bo", 0), &r);
    mark(txn, TABLE_REGISTERED_FOR, key_of("bo", "m", 0), "");
    mark(txn, TABLE_WAITING, key_of("m", NULL, 7), "bo");
}

static void write_with(void (*change)(struct txn *txn)) {
    char core[FOLDER_BYTES + 32];
    struct store_options options = {
        .dir = core, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct store *store;
    struct txn *txn;

    snprintf(core, sizeof core, "%s/core", home);
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(store_begin_write(store, &txn), 0);
    change(txn);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

static int verify(void) {
    struct options options = {.home = home, .json = ""};
    return verb_verify(&options, 0, NULL);
}

static void del(struct txn *txn, enum table table, struct key key) {
    assert_int_equal(store_del(txn, table, key_bytes(&key)), 0);
}

static void no_member_of(struct txn *txn) {
    del(txn, TABLE_MEMBER_OF, key_of("anna", "n", 0));
}
static void no_membership(struct txn *txn) {
    del(txn, TABLE_MEMBERSHIP, key_of("n", "anna", 0));
}
static void other_address(struct txn *txn) {
    mark(txn, TABLE_ADDRESS, key_of("bo@example.org", NULL, 0), "anna");
}
static void stray_staff(struct txn *txn) {
    mark(txn, TABLE_STAFF, key_of("org", "anna", 0), "");
}
static void no_registration(struct txn *txn) {
    del(txn, TABLE_REGISTRATION, key_of("m", "anna", 0));
}
static void no_waiting(struct txn *txn) {
    del(txn, TABLE_WAITING, key_of("m", NULL, 7));
}
static void stray_outbox(struct txn *txn) {
    struct key key = key_of(NULL, NULL, 5);
    key_u64(&key, 1);
    mark(txn, TABLE_OUTBOX, key, "");
}
static void stray_due(struct txn *txn) {
    struct key key = key_of(NULL, NULL, 5);
    key_text(&key, TEXT_LIT("plan"));
    key_text(&key, TEXT_LIT("meeting"));
    mark(txn, TABLE_DUE, key, "");
}
static void lost_event(struct txn *txn) {
    count(txn, TABLE_META, "position", 1);
}
static void lost_letter(struct txn *txn) {
    count(txn, TABLE_COUNTER, "fired", 1);
}
static void garbage(struct txn *txn) {
    mark(txn, TABLE_NETWORK, key_of("n", NULL, 0), "garbage");
}
static void anothers_record(struct txn *txn) {
    struct rec_group group = {.group = TEXT_LIT("g"), .name = {.any = TEXT_LIT("G")}};
    put(txn, TABLE_GROUP, key_of("h", NULL, 0), &group);
}

static void make_home(void) {
    char path[FOLDER_BYTES + 16];
    struct journal *journal;

    assert_int_equal(folder_empty(home), 0);
    snprintf(path, sizeof path, "%s/inbox", home);
    assert_int_equal(make_dir(path, 0700), 0);
    assert_int_equal(journal_open(&journal, path, true, 0), 0);
    journal_close(&journal);
    snprintf(path, sizeof path, "%s/core", home);
    assert_int_equal(make_dir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/cirkel.conf", home);
    assert_int_equal(write_file(path, 0600, (struct bytes){"", 0}), 0);
    write_with(put_good);
}

static void test_each_fault_is_found(void **state) {
    static void (*const faults[])(struct txn * txn) = {
        no_member_of, no_membership, other_address, stray_staff, no_registration, no_waiting,
        stray_outbox, stray_due,     lost_event,    lost_letter, garbage,         anothers_record};

    (void)state;
    make_home();
    assert_int_equal(verify(), EXIT_DONE);
    for (unsigned i = 0; i < COUNT_OF(faults); i++) {
        make_home();
        write_with(faults[i]);
        assert_int_equal(verify(), EXIT_FOUND);
    }
}

static int begin(void **state) {
    (void)state;
    return folder_make(home, "verify_test");
}

static int end(void **state) {
    (void)state;
    return folder_remove(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_is_found),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
