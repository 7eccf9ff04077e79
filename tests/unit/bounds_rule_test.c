/* What 64 KiB of anything may cost the scheduler when it reads rules. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/moment.h"
#include "tests/harness/bounds.h"
#include "tests/harness/trial.h"

static void read_rules(void *ctx, struct bytes in) {
    struct trial *t = ctx;
    char path[300];
    struct rulebook book;
    struct buf error;
    (void)snprintf(path, sizeof path, "%s/rules/x.conf", t->home);
    FILE *file = fopen(path, "we");
    must(file && fwrite(in.p, 1, in.n, file) == in.n && fclose(file) == 0);
    buf_init(&error, 1 << 20);
    if (rulebook_read(t->home, &book, &error) == 0)
        rulebook_free(&book);
    buf_free(&error);
    (void)remove(path);
}

static void test_rules(void **state) {
    struct trial t;
    (void)state;
    trial_open(&t,
               "rule \"r\" { about = \"meeting\" when = {\"starts\"} to = \"members\" "
               "letter = \"meeting-week-before\" }",
               "2022-04-01T08:00");
    bounds_hold("rules", read_rules, &t,
                "rule \"x\" {\n\0rule \"x\" { about = \"meeting\" when = {\0"
                "rule \"x\" { about = \"meeting\" when = {\"starts\"} to = \"\0",
                "members, \0\"starts - 1d\", \0rule \"a\" {}\n\0members except (\0((\0");
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
