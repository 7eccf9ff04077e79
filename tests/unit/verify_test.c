/* service: cirkel */
#include "services/cirkel/verify.h"

#include "services/cirkel/home.h"
#include "services/cirkel/verbs.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[FOLDER_BYTES];

static struct key waiting_key(uint64_t number) {
    struct key key = ROWS_KEY("m");
    key_u64(&key, number);
    return key;
}

static void count(struct txn *txn, enum table table, const char *name, uint64_t n) {
    struct key key = ROWS_KEY(name), value = key_no(n);
    assert_int_equal(store_put(txn, table, key_bytes(&key), key_bytes(&value)), 0);
}

/* A person, a meeting with one registration and one on the waiting list. All is as it should be. */
static void put_good(struct txn *txn) {
    static const uint8_t environment[] = "\xab"
                                         "environment";
    struct rec_person anna = {.person = TEXT_LIT("anna"),
                              .state = TEXT_LIT("active"),
                              .email = TEXT_LIT("Anna@example.org"),
                              .language = TEXT_LIT("sv"),
                              .functions = {{environment, sizeof environment - 1}, 1}};
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

    rows_put(txn, TABLE_PERSON, ROWS_KEY("anna"), &anna);
    rows_mark(txn, TABLE_ADDRESS, ROWS_KEY("anna@example.org"), "anna");
    rows_mark(txn, TABLE_FUNCTION, ROWS_KEY("environment", "anna"), "");
    rows_put(txn, TABLE_MEMBERSHIP, ROWS_KEY("n", "anna"), &member);
    rows_mark(txn, TABLE_MEMBER_OF, ROWS_KEY("anna", "n"), "");
    rows_put(txn, TABLE_MEETING, ROWS_KEY("m"), &meeting);
    rows_put(txn, TABLE_REGISTRATION, ROWS_KEY("m", "anna"), &r);
    rows_mark(txn, TABLE_REGISTERED_FOR, ROWS_KEY("anna", "m"), "");
    r.person = TEXT_LIT("bo");
    r.state = TEXT_LIT("waiting");
    r.queue = 7;
    rows_put(txn, TABLE_REGISTRATION, ROWS_KEY("m", "bo"), &r);
    rows_mark(txn, TABLE_REGISTERED_FOR, ROWS_KEY("bo", "m"), "");
    rows_mark(txn, TABLE_WAITING, waiting_key(7), "bo");
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

static void no_member_of(struct txn *txn) {
    rows_del(txn, TABLE_MEMBER_OF, ROWS_KEY("anna", "n"));
}
static void no_membership(struct txn *txn) {
    rows_del(txn, TABLE_MEMBERSHIP, ROWS_KEY("n", "anna"));
}
static void other_address(struct txn *txn) {
    rows_mark(txn, TABLE_ADDRESS, ROWS_KEY("bo@example.org"), "anna");
}
static void no_address(struct txn *txn) {
    rows_del(txn, TABLE_ADDRESS, ROWS_KEY("anna@example.org"));
}
static void offer_without_end(struct txn *txn) {
    struct rec_registration r = {.meeting = TEXT_LIT("m"),
                                 .person = TEXT_LIT("anna"),
                                 .state = TEXT_LIT("offered"),
                                 .zone = TEXT_LIT("Europe/Stockholm"),
                                 .offer_expires = 1};
    rows_put(txn, TABLE_REGISTRATION, ROWS_KEY("m", "anna"), &r);
}
static void request_without_end(struct txn *txn) {
    struct rec_membership r = {.network = TEXT_LIT("n"),
                               .person = TEXT_LIT("anna"),
                               .state = TEXT_LIT("requested"),
                               .zone = TEXT_LIT("Europe/Stockholm"),
                               .lapses = 1};
    rows_put(txn, TABLE_MEMBERSHIP, ROWS_KEY("n", "anna"), &r);
}
static void end_without_poll(struct txn *txn) {
    struct key key = key_no(5);
    key_text(&key, TEXT_LIT("poll"));
    key_text(&key, TEXT_LIT("q"));
    rows_mark(txn, TABLE_DUE, key, "");
}
static void stray_staff(struct txn *txn) {
    rows_mark(txn, TABLE_STAFF, ROWS_KEY("org", "anna"), "");
}
static void stray_function(struct txn *txn) {
    rows_mark(txn, TABLE_FUNCTION, ROWS_KEY("operator", "anna"), "");
}
static void no_function(struct txn *txn) {
    rows_del(txn, TABLE_FUNCTION, ROWS_KEY("environment", "anna"));
}
static void no_registration(struct txn *txn) {
    rows_del(txn, TABLE_REGISTRATION, ROWS_KEY("m", "anna"));
}
static void no_waiting(struct txn *txn) {
    rows_del(txn, TABLE_WAITING, waiting_key(7));
}
static void stray_outbox(struct txn *txn) {
    struct key key = key_no(5);
    key_u64(&key, 1);
    rows_mark(txn, TABLE_OUTBOX, key, "");
}
static void stray_due(struct txn *txn) {
    struct key key = key_no(5);
    key_text(&key, TEXT_LIT("plan"));
    key_text(&key, TEXT_LIT("meeting"));
    rows_mark(txn, TABLE_DUE, key, "");
}
static void lost_event(struct txn *txn) {
    count(txn, TABLE_META, "position", 1);
}
static void lost_letter(struct txn *txn) {
    count(txn, TABLE_COUNTER, "fired", 1);
}
static void garbage(struct txn *txn) {
    rows_mark(txn, TABLE_NETWORK, ROWS_KEY("n"), "garbage");
}
static void anothers_record(struct txn *txn) {
    struct rec_group group = {.group = TEXT_LIT("g"), .name = {.any = TEXT_LIT("G")}};
    rows_put(txn, TABLE_GROUP, ROWS_KEY("h"), &group);
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
        no_member_of,   no_membership,     other_address,       no_address,
        stray_staff,    offer_without_end, request_without_end, end_without_poll,
        stray_function, no_function,       no_registration,     no_waiting,
        stray_outbox,   stray_due,         lost_event,          lost_letter,
        garbage,        anothers_record};

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
