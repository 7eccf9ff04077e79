/* service: scheduler */
/* What two forecasts do not have in common, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/forecast/difference.h"

/* "same@at" of letters that go; with ! it does not go, with p it waits for a pause to end, with d
 * within a digest, with c it corrects, with w in other words, with s by another channel */
static const struct {
    const char *name, *was, *is, *expected;
} cases[] = {
    {"nothing at all", "", "", ""},
    {"the same", "a@1 b@2", "b@2 a@1", "none a@1 none b@2"},
    {"one more", "a@1", "a@1 b@2", "none a@1 added b@2"},
    {"one less", "a@1 b@2", "b@2", "dropped a@1 none b@2"},
    {"moved", "a@1", "a@5", "moved a@5<1"},
    {"moved back", "a@5", "a@1", "moved a@1<5"},
    {"one of two moved", "a@1 a@3", "a@3 a@7", "none a@3 moved a@7<1"},
    {"both moved keep their order", "a@1 a@3", "a@5 a@4", "moved a@4<1 moved a@5<3"},
    {"two became one", "a@1 a@3", "a@4", "moved a@4<1 dropped a@3"},
    {"a correction is no addition", "", "ac@1 b@1", "corrected a@1 added b@1"},
    {"suppressed instead", "a@1", "a!@1", "dropped a@1=not"},
    {"it did not go before", "a!@1", "a@1", "added a@1"},
    {"it goes in neither", "a!@1", "a!@2", ""},
    {"it came, and does not leave", "b!@1", "a!@1 b@2", "unsent a@1 added b@2"},
    {"at the same time by another channel", "a@1 b@1", "as@1 b@1", "rerouted a@1 none b@1"},
    {"a move hides the channel", "a@1", "as@2", "moved a@2<1"},
    {"it goes within a digest, as before", "ad@1", "ad@2", ""},
    {"it goes within a digest besides", "", "ad@2 b@2", "gathered a@2 added b@2"},
    {"it was missed, and goes within a digest", "a!@1", "ad@2", "gathered a@2"},
    {"its digest has it no more", "ad@1", "", "left-out a@1"},
    {"missed, not in its digest", "ad@1", "a!@1", "left-out a@1=not"},
    {"not alone, but in a digest", "a@1", "ad@2", "dropped a@1=digest"},
    {"not in a digest, but alone", "ad@2", "a@1", "added a@1"},
    {"one of two by itself", "ad@2 ad@3", "a@1 ad@3", "added a@1"},
    {"two besides one", "ad@1", "ad@2 ad@3 ad@4", "gathered a@3 gathered a@4"},
    {"at the same time in other words", "a@1", "aw@1", "reworded a@1"},
    {"a move hides the words", "a@1", "aw@2", "moved a@2<1"},
    {"a row that is missed besides one that goes", "a@1 b@1", "a@1 a!@2", "none a@1 dropped b@1"},
    {"paused in both", "ap@1 b@1", "ap@1 b@1", "none a@1 none b@1"},
    {"paused in both, and moved", "ap@1", "ap@5", "moved a@5<1"},
    {"paused in both, one more", "", "ap@1 bpc@2", "added a@1 corrected b@2"},
    {"paused in both, one less", "ap@1", "a!@1", "dropped a@1=not"},
    {"paused in both, within a digest", "apd@1", "apd@1 bpd@1", "gathered b@1"},
    {"paused in the second", "a@1", "ap@1", "dropped a@1=not"},
    {"paused in the first", "ap@1", "a@3", "added a@3"},
    {"ends of both", "a@1 z@1", "b@1 y@1", "dropped a@1 added b@1 added y@1 dropped z@1"},
};

static void read(struct outlook *to, const char *words) {
    struct text rest = text_of(words), word;
    outlook_open(to);
    while (text_cut(&rest, ' ', &word)) {
        struct outlook_letter *l = outlook_add(to);
        struct text flags;
        must(text_cut(&word, '@', &flags));
        l->same = (struct text){flags.p, 1};
        l->at = word.p[0] - '0';
        l->waits = memchr(flags.p, 'p', flags.n) != NULL;
        l->goes = !memchr(flags.p, '!', flags.n) && !l->waits;
        l->corrects = memchr(flags.p, 'c', flags.n) != NULL;
        l->words = memchr(flags.p, 'w', flags.n) ? TEXT_LIT("other") : TEXT_LIT("words");
        l->channel = memchr(flags.p, 's', flags.n) ? TEXT_LIT("smtp") : TEXT_LIT("maildir");
        l->gathered = memchr(flags.p, 'd', flags.n) != NULL;
        l->state = l->gathered ? TEXT_LIT("digest") : TEXT_LIT("not");
    }
}

static int tell(void *ctx, enum change change, const struct outlook_letter *was,
                const struct outlook_letter *is, const struct outlook_letter *why) {
    struct buf *b = ctx;
    const struct outlook_letter *l = is ? is : was;
    buf_printf(b, "%s%s %.*s@%d", b->n ? " " : "",
               change == CHANGE_NONE ? "none" : change_words[change], TEXT_ARGS(l->same),
               (int)l->at);
    if (change == CHANGE_MOVED)
        buf_printf(b, "<%d", (int)was->at);
    if (why)
        buf_printf(b, "=%.*s", TEXT_ARGS(why->state));
    return 0;
}

static void changes_are_named(void **unused) {
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct outlook was, is;
        struct buf b;
        read(&was, cases[i].was);
        read(&is, cases[i].is);
        buf_init(&b, 4096);
        assert_int_equal(difference(&was, &is, tell, &b), 0);
        if (strcmp(buf_cstr(&b), cases[i].expected))
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].name, buf_cstr(&b), cases[i].expected);
        buf_free(&b);
        outlook_close(&was);
        outlook_close(&is);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(changes_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
