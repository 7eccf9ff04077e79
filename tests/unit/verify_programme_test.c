/* service: cirkel */
#include "services/cirkel/verify.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WHEN 1640995200000 /* 2022-01-01T00:00Z */

static char home[FOLDER_BYTES];

static struct key due_key(instant at, const char *word, struct key rest) {
    struct key key = key_no((uint64_t)at);

    key_text(&key, text_of(word));
    memcpy(key.b + key.n, rest.b, rest.n);
    key.n += rest.n;
    return key;
}

static void put_minutes(struct txn *txn, int64_t minutes) {
    struct key value = key_no((uint64_t)minutes),
               key = ROWS_KEY("anna", "2022-02-01", "p", "t", "h");

    assert_int_equal(store_put(txn, TABLE_HOURS_OF, key_bytes(&key), key_bytes(&value)), 0);
}

static void put_participation(struct txn *txn, const char *state, int64_t minutes) {
    struct rec_participation p = {.programme = TEXT_LIT("p"),
                                  .organisation = TEXT_LIT("t"),
                                  .state = text_of(state),
                                  .zone = TEXT_LIT("UTC"),
                                  .starts = TEXT_LIT("2022-01-01"),
                                  .ends = TEXT_LIT("2022-12-31"),
                                  .minutes = minutes,
                                  .began = 1,
                                  .next_look = WHEN};
    struct buf staff;

    buf_init(&staff, 100);
    codec_add_text(&staff, TEXT_LIT("anna"));
    p.staff = codec_list(&staff, 0, 1);
    rows_put(txn, TABLE_PARTICIPATION, ROWS_KEY("p", "t"), &p);
    buf_free(&staff);
}

static void put_programme(struct txn *txn, int64_t taken) {
    struct rec_programme p = {.programme = TEXT_LIT("p"),
                              .state = TEXT_LIT("running"),
                              .name = {.any = TEXT_LIT("P")},
                              .lead = TEXT_LIT("lead"),
                              .places = 1,
                              .taken = taken,
                              .starts = TEXT_LIT("2022-01-01"),
                              .ends = TEXT_LIT("2022-12-31"),
                              .zone = TEXT_LIT("UTC"),
                              .opened = 1};
    struct buf hosts;

    buf_init(&hosts, 100);
    codec_add_text(&hosts, TEXT_LIT("host"));
    p.hosts = codec_list(&hosts, 0, 1);
    rows_put(txn, TABLE_PROGRAMME, ROWS_KEY("p"), &p);
    buf_free(&hosts);
}

static void put_application(struct txn *txn, const char *id, const char *organisation,
                            const char *state, int64_t rank) {
    struct rec_application a = {.application = text_of(id),
                                .state = text_of(state),
                                .call = TEXT_LIT("c"),
                                .programme = TEXT_LIT("p"),
                                .zone = TEXT_LIT("UTC"),
                                .organisation = text_of(organisation),
                                .contact = TEXT_LIT("anna"),
                                .closes = TEXT_LIT("2021-12-01T12:00"),
                                .rank = rank,
                                .started = 1,
                                .offer_expires = rank ? 0 : WHEN};
    rows_put(txn, TABLE_APPLICATION, ROWS_KEY(id), &a);
    rows_mark(txn, TABLE_APPLIED, ROWS_KEY("c", organisation), id);
}

static void put_call(struct txn *txn) {
    struct rec_call c = {.call = TEXT_LIT("c"),
                         .state = TEXT_LIT("open"),
                         .programme = TEXT_LIT("p"),
                         .zone = TEXT_LIT("UTC"),
                         .opens = TEXT_LIT("2021-11-01T12:00"),
                         .closes = TEXT_LIT("2022-01-01T00:00"),
                         .accept_days = 1,
                         .planned = 1};
    struct part_criterion criterion = {
        .criterion = TEXT_LIT("c"), .text = {.any = TEXT_LIT("C")}, .kind = TEXT_LIT("must")};
    struct buf criteria;

    buf_init(&criteria, 200);
    codec_add_part(&criteria, PART_criterion, &criterion);
    c.criteria = codec_list(&criteria, 0, 1);
    rows_put(txn, TABLE_CALL, ROWS_KEY("c"), &c);
    rows_mark(txn, TABLE_DUE, due_key(WHEN + MINUTES, "call-close", ROWS_KEY("c")), "");
    buf_free(&criteria);
}

static void put_owed(struct txn *txn, const char *state) {
    struct rec_obligation o = {.obligation = TEXT_LIT("o"),
                               .state = text_of(state),
                               .kind = TEXT_LIT("name-staff"),
                               .organisation = TEXT_LIT("t"),
                               .about_kind = TEXT_LIT("participation"),
                               .about = TEXT_LIT("p/t"),
                               .zone = TEXT_LIT("UTC"),
                               .country = TEXT_LIT("DK"),
                               .due = TEXT_LIT("2022-01-01T00:00"),
                               .opened = 1};
    rows_put(txn, TABLE_OBLIGATION, ROWS_KEY("o"), &o);
}

static void put_evidence_and_milestone(struct txn *txn) {
    struct rec_evidence e = {.evidence = TEXT_LIT("e"),
                             .state = TEXT_LIT("given"),
                             .programme = TEXT_LIT("p"),
                             .organisation = TEXT_LIT("t"),
                             .zone = TEXT_LIT("UTC"),
                             .kind = TEXT_LIT("other"),
                             .valid_until = TEXT_LIT("2021-12-31"),
                             .given = 1};
    struct rec_milestone m = {.milestone = TEXT_LIT("m"),
                              .state = TEXT_LIT("planned"),
                              .programme = TEXT_LIT("p"),
                              .organisation = TEXT_LIT("t"),
                              .zone = TEXT_LIT("UTC"),
                              .title = {.any = TEXT_LIT("M")},
                              .due = TEXT_LIT("2021-12-31"),
                              .planned = 1};
    rows_put(txn, TABLE_EVIDENCE, ROWS_KEY("e"), &e);
    rows_mark(txn, TABLE_EVIDENCE_OF, ROWS_KEY("p", "t", "e"), "");
    rows_mark(txn, TABLE_DUE, due_key(WHEN, "evidence", ROWS_KEY("e")), "");
    rows_put(txn, TABLE_MILESTONE, ROWS_KEY("m"), &m);
    rows_mark(txn, TABLE_MILESTONE_OF, ROWS_KEY("p", "t", "m"), "");
    rows_mark(txn, TABLE_DUE, due_key(WHEN, "milestone", ROWS_KEY("m")), "");
}

static struct key reserve_key(uint64_t rank) {
    struct key key = ROWS_KEY("p");
    key_u64(&key, rank);
    return key;
}

/* All is as it should be. */
static void put_good(struct txn *txn) {
    struct rec_hours h = {.hours = TEXT_LIT("h"),
                          .programme = TEXT_LIT("p"),
                          .organisation = TEXT_LIT("t"),
                          .person = TEXT_LIT("anna"),
                          .date = TEXT_LIT("2022-02-01"),
                          .minutes = 60,
                          .kind = TEXT_LIT("workshop"),
                          .logged = 1};

    put_programme(txn, 1);
    put_call(txn);
    put_application(txn, "a", "t", "selected", 0);
    rows_mark(txn, TABLE_DUE, due_key(WHEN + MINUTES, "place", ROWS_KEY("a")), "");
    put_application(txn, "b", "u", "reserve", 2);
    rows_mark(txn, TABLE_RESERVE, reserve_key(2), "b");
    put_participation(txn, "running", 60);
    rows_mark(txn, TABLE_DUE, due_key(WHEN, "pace", ROWS_KEY("p", "t")), "");
    rows_mark(txn, TABLE_STAFF_OF, ROWS_KEY("anna", "p", "t"), "now");
    rows_mark(txn, TABLE_STAFF_OF, ROWS_KEY("bo", "p", "t"), "was");
    rows_put(txn, TABLE_HOURS, ROWS_KEY("p", "t", "h"), &h);
    put_minutes(txn, 60);
    put_evidence_and_milestone(txn);
    put_owed(txn, "open");
    rows_mark(txn, TABLE_OWED, ROWS_KEY("participation", "p/t", "o"), "name-staff");
    rows_mark(txn, TABLE_DUE, due_key(WHEN + MINUTES, "obligation", ROWS_KEY("o")), "");
}

static void no_applied(struct txn *txn) {
    rows_del(txn, TABLE_APPLIED, ROWS_KEY("c", "t"));
}
static void stray_applied(struct txn *txn) {
    rows_mark(txn, TABLE_APPLIED, ROWS_KEY("c", "x"), "a");
}
static void no_reserve(struct txn *txn) {
    rows_del(txn, TABLE_RESERVE, reserve_key(2));
}
static void stray_reserve(struct txn *txn) {
    rows_mark(txn, TABLE_RESERVE, reserve_key(1), "a");
}
static void no_evidence_of(struct txn *txn) {
    rows_del(txn, TABLE_EVIDENCE_OF, ROWS_KEY("p", "t", "e"));
}
static void stray_evidence_of(struct txn *txn) {
    rows_mark(txn, TABLE_EVIDENCE_OF, ROWS_KEY("p", "x", "e"), "");
}
static void no_milestone_of(struct txn *txn) {
    rows_del(txn, TABLE_MILESTONE_OF, ROWS_KEY("p", "t", "m"));
}
static void stray_milestone_of(struct txn *txn) {
    rows_mark(txn, TABLE_MILESTONE_OF, ROWS_KEY("p", "t", "x"), "");
}
static void no_owed(struct txn *txn) {
    rows_del(txn, TABLE_OWED, ROWS_KEY("participation", "p/t", "o"));
}
static void owed_but_met(struct txn *txn) {
    put_owed(txn, "met");
    rows_del(txn, TABLE_DUE, due_key(WHEN + MINUTES, "obligation", ROWS_KEY("o")));
}
static void overdue_but_due(struct txn *txn) {
    put_owed(txn, "overdue");
}
static void no_staff_of(struct txn *txn) {
    rows_del(txn, TABLE_STAFF_OF, ROWS_KEY("anna", "p", "t"));
}
static void was_is_now(struct txn *txn) {
    rows_mark(txn, TABLE_STAFF_OF, ROWS_KEY("bo", "p", "t"), "now");
}
static void no_hours_of(struct txn *txn) {
    rows_del(txn, TABLE_HOURS_OF, ROWS_KEY("anna", "2022-02-01", "p", "t", "h"));
}
static void other_minutes(struct txn *txn) {
    put_minutes(txn, 61);
}
static void no_hours(struct txn *txn) {
    rows_del(txn, TABLE_HOURS, ROWS_KEY("p", "t", "h"));
    put_participation(txn, "running", 0);
}
static void other_sum(struct txn *txn) {
    put_participation(txn, "running", 61);
}
static void a_place_less(struct txn *txn) {
    put_programme(txn, 0);
}
static void a_place_too_many(struct txn *txn) {
    put_application(txn, "b", "u", "accepted", 0);
    rows_del(txn, TABLE_RESERVE, reserve_key(2));
    put_programme(txn, 2);
}
static void no_due_place(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN + MINUTES, "place", ROWS_KEY("a")));
}
static void no_due_call(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN + MINUTES, "call-close", ROWS_KEY("c")));
}
static void no_due_evidence(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN, "evidence", ROWS_KEY("e")));
}
static void no_due_milestone(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN, "milestone", ROWS_KEY("m")));
}
static void no_due_pace(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN, "pace", ROWS_KEY("p", "t")));
}
static void no_due_obligation(struct txn *txn) {
    rows_del(txn, TABLE_DUE, due_key(WHEN + MINUTES, "obligation", ROWS_KEY("o")));
}
static void stray_due(struct txn *txn) {
    rows_mark(txn, TABLE_DUE, due_key(WHEN, "call-open", ROWS_KEY("c")), "");
}
static void stray_due_of_none(struct txn *txn) {
    rows_mark(txn, TABLE_DUE, due_key(WHEN, "milestone", ROWS_KEY("x")), "");
}

static void (*const faults[])(struct txn *txn) = {
    no_applied,        stray_applied,    no_reserve,         stray_reserve,    no_evidence_of,
    stray_evidence_of, no_milestone_of,  stray_milestone_of, no_owed,          owed_but_met,
    overdue_but_due,   no_staff_of,      was_is_now,         no_hours_of,      other_minutes,
    no_hours,          other_sum,        a_place_less,       a_place_too_many, no_due_place,
    no_due_call,       no_due_evidence,  no_due_milestone,   no_due_pace,      no_due_obligation,
    stray_due,         stray_due_of_none};

/* What is found in a store that is good but for `change` (NULL: good), which is not kept. */
static uint64_t findings(struct store *store, void (*change)(struct txn *txn)) {
    struct verify v = {.lines = json_array()};

    v.look.office = zone_utc();
    assert_int_equal(store_begin_write(store, &v.look.txn), 0);
    put_good(v.look.txn);
    if (change)
        change(v.look.txn);
    verify_programmes(&v);
    store_abort(&v.look.txn);
    json_decref(v.lines);
    return v.findings;
}

static void test_each_fault_is_found_once(void **state) {
    struct store_options options = {
        .dir = home, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct store *store;

    (void)state;
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(findings(store, NULL), 0);
    for (unsigned i = 0; i < COUNT_OF(faults); i++)
        if (findings(store, faults[i]) != 1)
            fail_msg("fault %u: %llu findings", i, (unsigned long long)findings(store, faults[i]));
    store_close(&store);
}

/* Its day passes, and nobody calls it overdue: the participation is over. */
static void over_with_its_participation(struct txn *txn) {
    put_participation(txn, "completed", 60);
    no_due_milestone(txn);
}

static void test_what_is_over_need_not_fall_due(void **state) {
    struct store_options options = {
        .dir = home, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct store *store;

    (void)state;
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(findings(store, over_with_its_participation), 0);
    store_close(&store);
}

static int begin(void **state) {
    (void)state;
    return folder_make(home, "verify_programme");
}

static int end(void **state) {
    (void)state;
    return folder_remove(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_is_found_once),
        cmocka_unit_test(test_what_is_over_need_not_fall_due),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
