#include "proto/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/shape.h"

static const struct transition *find(const char *machine, const char *state, const char *event) {
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        if (strcmp(t->machine, machine) == 0 && strcmp(t->state, state) == 0 &&
            strcmp(t->event, event) == 0)
            return t;
    }
    return NULL;
}

/* Every machine with every state and event that any machine knows. */
static void test_every_state_and_event(void **context) {
    unsigned follows = 0;

    (void)context;
    for (unsigned m = 0; m < transition_count; m++) {
        const char *machine = transitions[m].machine;
        if (m > 0 && strcmp(transitions[m - 1].machine, machine) == 0)
            continue;
        for (unsigned s = 0; s < transition_count; s++)
            for (unsigned e = 0; e < transition_count; e++) {
                const char *state = transitions[s].state, *event = transitions[e].event;
                const struct transition *t = find(machine, state, event);
                struct text next = TEXT_LIT("untouched");
                int err = machine_next(machine, text_of(state), event, &next);
                follows += t != NULL;
                if (err != (t ? 0 : -EPROTO) || !text_is(next, t ? t->next : "untouched"))
                    fail_msg("%s in %s on %s: %d", machine, state, event, err);
            }
    }
    assert_true(follows >= transition_count);
}

static void test_absent_is_none(void **context) {
    struct text next;

    (void)context;
    assert_int_equal(machine_next("MEETING", TEXT_NONE, "plan", &next), 0);
    assert_true(text_is(next, "tentative"));
    assert_int_equal(machine_next("MEETING", TEXT_NONE, "call", &next), -EPROTO);
    assert_int_equal(machine_next("NOTHING", TEXT_NONE, "plan", &next), -EPROTO);
}

static void test_each_row_once(void **context) {
    (void)context;
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        if (find(t->machine, t->state, t->event) != t)
            fail_msg("%s in %s on %s stands twice", t->machine, t->state, t->event);
    }
}

static const struct shape *record_of(const char *machine) {
    char name[32] = "";

    if (strcmp(machine, "DELIVERY") == 0)
        return &rec_shapes[REC_LEDGER];
    for (size_t i = 0; machine[i] && i + 1 < sizeof name; i++)
        name[i] = (char)(machine[i] == '_' ? '_' : machine[i] - 'A' + 'a');
    for (unsigned i = 0; i < REC_COUNT; i++)
        if (strcmp(rec_shapes[i].name, name) == 0)
            return &rec_shapes[i];
    fail_msg("no record for machine %s", machine);
    return NULL;
}

static bool is_choice(const struct field *f, const char *word) {
    struct text rest = text_of(f->choices), choice;

    while (text_cut(&rest, '|', &choice))
        if (text_is(choice, word))
            return true;
    return false;
}

/* The words are those of the records' `state` fields. */
static void test_states_are_the_records(void **context) {
    (void)context;
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        const struct field *f = shape_field(record_of(t->machine), TEXT_LIT("state"));
        assert_non_null(f);
        if (!is_choice(f, t->next) || (strcmp(t->state, "none") != 0 && !is_choice(f, t->state)))
            fail_msg("%s: %s -> %s is not in the record", t->machine, t->state, t->next);
    }
}

/* Whatever is left can be reached: some row leads there, or it stands at the beginning. */
static void test_states_can_be_reached(void **context) {
    (void)context;
    for (unsigned i = 0; i < transition_count; i++) {
        const struct transition *t = &transitions[i];
        bool is_reached = strcmp(t->state, "none") == 0 || strcmp(t->machine, "DELIVERY") == 0;
        for (unsigned k = 0; k < transition_count && !is_reached; k++)
            is_reached = strcmp(transitions[k].machine, t->machine) == 0 &&
                         strcmp(transitions[k].next, t->state) == 0;
        if (!is_reached)
            fail_msg("%s: nothing leads to %s", t->machine, t->state);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_and_event), cmocka_unit_test(test_absent_is_none),
        cmocka_unit_test(test_each_row_once),         cmocka_unit_test(test_states_are_the_records),
        cmocka_unit_test(test_states_can_be_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
