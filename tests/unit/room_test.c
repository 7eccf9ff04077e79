/* On a disk that is nearly full: what takes back, stops or forgets is taken, and nothing else. */
/* service: intake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "proto/codec.h"
#include "services/intake/room.h"

/* What a message does stands behind the dot of its name: a new one has to be thought of here. */
static const char *const takes_back[] = {
    "cancel", "withdraw", "decline_offer", "refuse",  "leave",  "end",  "close",
    "erase",  "undo",     "restrict",      "protect", "remove", "skip", "waive",
    "pause",  "move",     "settle",        "report",  "left",   "set",  "set_mode"};

static bool is_one_of(struct text verb) {
    for (unsigned i = 0; i < COUNT_OF(takes_back); i++)
        if (text_is(verb, takes_back[i]))
            return true;
    return false;
}

static void test_each(void **state) {
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < MSG_COUNT; i++) {
        struct room room = {.home = "/nowhere", .is_low = true, .looked = clock_boot()};
        struct text rest = text_of(msg_shapes[i].name), kind;
        bool is_taken = room_for(&room, rest);
        assert_true(text_cut(&rest, '.', &kind));
        if (is_taken != is_one_of(rest))
            fail_msg("%s is %s", msg_shapes[i].name, is_taken ? "taken" : "refused");
        taken += is_taken;
    }
    assert_true(taken > 20 && taken < MSG_COUNT / 2);
}

static void test_with_room(void **state) {
    struct room room = {.home = "/nowhere", .looked = clock_boot()};
    (void)state;
    assert_true(room_for(&room, TEXT_LIT("person.register")));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each),
                                       cmocka_unit_test(test_with_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
