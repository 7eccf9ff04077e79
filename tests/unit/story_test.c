/* Both sample stories in this process: in a second, with the ledger that the real programs leave.
 */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/harness/sim_story.h"

#define MOST_SECONDS 1.5

static double spent;

struct compared {
    struct sim *s;
    const char *path;
    FILE *kept;
    char *line;
    size_t room;
    unsigned rows;
};

static void compare(void *ctx, const struct rec_ledger *row) {
    struct compared *c = ctx;
    struct buf b;
    buf_init(&b, 1 << 16);
    sim_ledger_line(c->s, row, &b);
    buf_char(&b, '\n');
    if (getline(&c->line, &c->room, c->kept) < 0)
        fail_msg("%s: ended, and there is %s", c->path, buf_cstr(&b));
    c->rows++;
    if (strcmp(c->line, buf_cstr(&b)) != 0)
        fail_msg("%s:%u\n     is %s not as %s", c->path, c->rows, buf_cstr(&b), c->line);
    buf_free(&b);
}

static void story(const char *sample, const char *kept) {
    struct sim s;
    struct sim_story told = {.count = 0};
    struct compared c = {.s = &s, .path = kept, .kept = fopen(kept, "re")};
    assert_non_null(c.kept);
    clock_t began = clock();
    sim_story_read(&told, sample);
    sim_open(&s, told.lines[0].at);
    sim_story_play(&s, &told, 14 * DAYS);
    spent += (double)(clock() - began) / CLOCKS_PER_SEC;
    if (s.refused)
        fail_msg("%s: %lu refused, at last %s", sample, s.refused, s.refusal);
    sim_watch_all(&s);
    sim_each_row(&s, compare, &c);
    if (getline(&c.line, &c.room, c.kept) >= 0)
        fail_msg("%s: not there: %s", kept, c.line);
    printf("%s: %lu events, %lu inputs, %u rows\n", sample, s.applied, s.inputs, c.rows);
    free(c.line);
    fclose(c.kept);
    sim_close(&s);
    sim_story_free(&told);
}

static void test_swedish(void **context) {
    (void)context;
    story("config/samples/cirkular-kommun.jsonl", "tests/data/cirkular-kommun.ledger.jsonl");
}

static void test_danish(void **context) {
    (void)context;
    story("config/samples/cirkulaere-byer.jsonl", "tests/data/cirkulaere-byer.ledger.jsonl");
}

static void test_in_time(void **context) {
    (void)context;
    printf("both in %.2f s of processor time\n", spent);
#ifndef __SANITIZE_ADDRESS__
    assert_true(spent > 0 && spent <= MOST_SECONDS);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_swedish),
                                       cmocka_unit_test(test_danish),
                                       cmocka_unit_test(test_in_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
