/* An audience of three among a hundred thousand: looking for them is cut in slices, so that nothing
 * else waits; and where an index has them, nobody else is looked at. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "services/scheduler/records/records.h"
#include "tests/harness/trial.h"

#define PEOPLE 100000
#define SLICES (PEOPLE / 2000)
#define INPUTS_BY_INDEX 10
#define LONGEST_MS                                                                                 \
    500 /* of the processor; far above what it takes, far below what all at once would */

static double now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct office *office_now(struct trial *t) {
    struct office *o = &t->step.office;
    o->now = o->said = o->since = t->now;
    return o;
}

static void add_people(struct trial *t) {
    for (unsigned i = 0; i < PEOPLE; i++) {
        char id[20], email[40];
        bool buyer = i % (PEOPLE / 3) == 7;
        snprintf(id, sizeof id, "p%06u", i);
        snprintf(email, sizeof email, "p%06u@x.example", i);
        struct office *o = office_now(t);
        struct text function = TEXT_LIT("buyer"), city = TEXT_LIT("boras");
        struct rec_person p = {.person = text_of(id),
                               .state = TEXT_LIT("active"),
                               .name = text_of(id),
                               .email = text_of(email),
                               .language = TEXT_LIT("sv"),
                               .organisations = office_list_of(o, &city, buyer ? 1 : 0),
                               .functions = office_list_of(o, &function, buyer ? 1 : 0)};
        assert_int_equal(office_put(o, TABLE_PERSON, key1(p.person), &p), 0);
        if (buyer)
            assert_int_equal(office_mark(o, TABLE_FUNCTION, key2(function, p.person), TEXT_NONE),
                             0);
        arena_reset(t->step.arena);
    }
    trial_commit(t);
}

/* Calls a meeting for that audience and fires what is due; how many inputs that takes. */
static unsigned call(struct trial *t, const char *meeting, const char *audience) {
    double longest = 0;
    unsigned inputs = 0;
    int rc;
    trial_do(t, "meeting.plan",
             "{'meeting':'%s','network':'net','kind':'network','title':'M',"
             "'starts':'2022-06-24T09:00','minutes':60,'mode':'video','link':'https://x.example/m',"
             "'audience':'%s'}",
             meeting, audience);
    trial_do(t, "meeting.call", "{'meeting':'%s'}", meeting);
    do {
        double from = now_ms();
        rc = step_due(&t->step, t->now, t->now);
        double took = now_ms() - from;
        longest = took > longest ? took : longest;
        inputs += rc == 0;
    } while (rc == 0);
    assert_int_equal(rc, -ENOENT);
    printf("%s: %u inputs, the longest %.1f ms\n", audience, inputs, longest);
    unsigned found = 0;
    for (unsigned i = 7; i < PEOPLE; i += PEOPLE / 3) {
        char person[20];
        snprintf(person, sizeof person, "p%06u", i);
        found += trial_rows(t, "meeting-invitation", person, "queued", NULL) > 0;
    }
    assert_true(found >= 3);
    assert_true(longest < LONGEST_MS);
    return inputs;
}

static void test_few_among_many(void **state) {
    struct trial t;
    (void)state;
    trial_open(&t, NULL, "2022-05-01T09:00");
    trial_world(&t, false);
    trial_do(&t, "organisation.update", "{'organisation':'boras','region':'west'}");
    trial_do(&t, "pledge.record", "{'organisation':'boras','pledge':'ten','years':[2022]}");
    add_people(&t);
    assert_in_range(call(&t, "f", "function:buyer"), 1, INPUTS_BY_INDEX);
    assert_true(call(&t, "r", "region:west and not members") > SLICES);
    assert_true(call(&t, "p", "pledge:ten and not members") > SLICES);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_few_among_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
