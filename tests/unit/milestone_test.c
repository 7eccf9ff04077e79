/* Milestones: planned, moved, reached, overdue at the end of their day. */
/* service: scheduler */
#include "tests/unit/participation.inc"

#define PLAN(id, due) "{" IN "'milestone':'" id "','phase':'scope','title':'M','due':'" due "'}"

static struct rec_milestone milestone(struct trial *t, const char *id) {
    struct rec_milestone m;
    trial_get(t, TABLE_MILESTONE, key1(text_of(id)), &m);
    return m;
}

static void test_refused(void **context) {
    static const char *const rows[][4] = {
        {"milestone.plan", "already", "milestone", PLAN("m", "2022-06-01")},
        {"milestone.plan", "not-found", "programme",
         "{'programme':'q','participation':'x','title':'M','due':'2022-06-01'}"},
        {"milestone.plan", "not-found", "participation",
         "{'programme':'p','participation':'host','title':'M','due':'2022-06-01'}"},
        {"milestone.plan", "not-found", "phase",
         "{" IN "'phase':'end','title':'M','due':'2022-06-01'}"},
        {"milestone.plan", "too-late", "due", PLAN("n", "2022-04-30")},
        {"milestone.plan", "too-late", "due", PLAN("n", "2024-04-01")},
        {"milestone.move", "not-found", "milestone", "{'milestone':'n','due':'2022-06-02'}"},
        {"milestone.move", "already", "due", "{'milestone':'m','due':'2022-06-01'}"},
        {"milestone.move", "too-late", "due", "{'milestone':'m','due':'2022-04-30'}"},
        {"milestone.move", "too-late", "due", "{'milestone':'m','due':'2024-04-01'}"},
        {"milestone.move", "wrong-state", "milestone", "{'milestone':'done','due':'2022-07-01'}"},
        {"milestone.reach", "not-found", "milestone", "{'milestone':'n'}"},
        {"milestone.reach", "already", "milestone", "{'milestone':'done'}"},
    };
    struct trial t;
    (void)context;
    open_staffed(&t);
    t.now = trial_wall("2022-05-01T00:00");
    trial_do(&t, "milestone.plan", PLAN("m", "2022-06-01"));
    trial_do(&t, "milestone.plan", PLAN("done", "2022-05-01"));
    trial_do(&t, "milestone.reach", "{'milestone':'done'}");
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        REFUSED(&t, rows[i][1], rows[i][2], rows[i][0], "%s", rows[i][3]);
    trial_close(&t);
}

static void test_too_early(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-03-10T12:00", "organisation");
    begin(&t, "x", "organisation");
    REFUSED(&t, "too-early", "due", "milestone.plan", PLAN("m", "2022-03-31"));
    trial_do(&t, "milestone.plan", PLAN("m", "2022-04-01"));
    trial_close(&t);
}

static void test_overdue(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "milestone.plan", PLAN("m", "2022-06-01"));
    trial_do(&t, "milestone.plan", PLAN("n", "2022-06-01"));
    trial_do(&t, "milestone.move", "{'milestone':'m','due':'2022-06-10','reason':'later'}");
    trial_until(&t, "2022-06-01T23:59");
    assert_true(text_is(milestone(&t, "n").state, "planned"));
    trial_until(&t, "2022-06-02T00:00");
    assert_true(text_is(milestone(&t, "n").state, "overdue") &&
                milestone(&t, "n").overdue == t.now);
    assert_true(text_is(milestone(&t, "m").state, "planned") && milestone(&t, "m").moves == 1);
    trial_do(&t, "milestone.move", "{'milestone':'n','due':'2022-06-05'}");
    assert_true(text_is(milestone(&t, "n").state, "planned") && !milestone(&t, "n").overdue);
    trial_until(&t, "2022-06-07T00:00");
    assert_true(text_is(milestone(&t, "n").state, "overdue"));
    trial_do(&t, "milestone.reach", "{'milestone':'n'}");
    trial_do(&t, "milestone.reach", "{'milestone':'m'}");
    trial_until(&t, "2022-07-01T00:00");
    assert_true(text_is(milestone(&t, "n").state, "reached"));
    assert_true(text_is(milestone(&t, "m").state, "reached"));
    assert_int_equal(trial_table(&t, TABLE_MILESTONE_OF), 2);
    trial_close(&t);
}

/* The office was away on the morning on which somebody was to hear of it. */
static void test_overdue_found_late(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "adviser.assign", "{" IN "'person':'adviser'}");
    trial_do(&t, "milestone.plan", PLAN("m", "2022-06-01"));
    trial_rules(&t, NULL);
    trial_until(&t, "2022-06-01T23:00");
    t.now = trial_wall("2022-06-02T12:00");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "milestone-overdue", "adviser", NULL, NULL), 1);
    trial_do(&t, "milestone.move", "{'milestone':'m','due':'2022-06-07'}");
    trial_until(&t, "2022-06-07T23:00");
    t.now = trial_wall("2022-07-01T12:00"); /* both of its letters are late */
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "milestone-overdue", NULL, NULL, NULL), 2);
    assert_int_equal(trial_rows(&t, "milestone-overdue-lead", NULL, NULL, NULL), 1);
    trial_close(&t);
}

/* What was not reached is dropped, and nobody hears of it. */
static void test_programme_over(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    trial_do(&t, "milestone.plan", PLAN("m", "2022-06-01"));
    assert_int_equal(participation_complete_all(office_now(&t), TEXT_LIT("p")), 0);
    trial_until(&t, "2022-07-01T00:00");
    assert_true(text_is(milestone(&t, "m").state, "dropped"));
    REFUSED(&t, "wrong-state", "participation", "milestone.reach", "{'milestone':'m'}");
    REFUSED(&t, "wrong-state", "participation", "milestone.plan", PLAN("n", "2022-08-01"));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_too_early),
        cmocka_unit_test(test_overdue),        cmocka_unit_test(test_overdue_found_late),
        cmocka_unit_test(test_programme_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
