/* service: cirkel */
#include "services/cirkel/body.h"
#include "services/cirkel/lines.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/folder.h"

static void test_words_become_a_body(void **state) {
    static const struct {
        const char *type, *words[4], *body; /* body: NULL when refused */
    } cases[] = {
        {"registration.make",
         {"meeting=m1", "person=anna"},
         "{\"meeting\":\"m1\",\"person\":\"anna\"}"},
        {"meeting.plan",
         {"minutes=90", "title.sv=Hej", "title.en=Hi"},
         "{\"minutes\":90,\"title\":{\"sv\":\"Hej\",\"en\":\"Hi\"}}"},
        {"meeting.plan",
         {"tentative=yes", "title=Hej = hå"},
         "{\"tentative\":true,\"title\":\"Hej = hå\"}"},
        {"pledge.record", {"years=2021, 2022"}, "{\"years\":[2021,2022]}"},
        {"person.register", {"functions=lead,premises"}, "{\"functions\":[\"lead\",\"premises\"]}"},
        {"attendance.record",
         {"entries=[{\"person\":\"a\",\"minutes\":3}]"},
         "{\"entries\":[{\"person\":\"a\",\"minutes\":3}]}"},
        {"support.request",
         {"case=c1", "text={ not JSON"},
         "{\"case\":\"c1\",\"text\":\"{ not JSON\"}"},
        {"sending.resume", {NULL}, "{}"},
        {"meeting.plan", {"minutes=long"}, NULL},
        {"meeting.plan", {"tentative=perhaps"}, NULL},
        {"meeting.plan", {"colour=red"}, NULL},
        {"meeting.plan", {"starts.sv=x"}, NULL},
        {"meeting.plan", {"minutes"}, NULL},
        {"pledge.record", {"years=2021,soon"}, NULL},
        {"no.such", {NULL}, NULL},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf error;
        json_t *body;
        int n = 0, rc;
        while (n < 4 && cases[i].words[n])
            n++;
        buf_init(&error, 8192);
        rc = body_from_words(cases[i].type, n, (char **)cases[i].words, &body, &error);
        assert_int_equal(rc, cases[i].body ? 0 : -EINVAL);
        assert_true((error.n > 0) == (rc != 0));
        if (rc == 0) {
            char *text = json_dumps(body, JSON_COMPACT);
            assert_string_equal(text, cases[i].body);
            free(text);
            json_decref(body);
        }
        buf_free(&error);
    }
}

/* Each line is either good or said to be wrong, with its number; reading goes on. */
static void test_lines(void **state) {
    static const struct {
        const char *line, *wrong;
    } cases[] = {
        {"{\"id\":\"a\",\"type\":\"x.y\",\"body\":{},\"at\":\"2022-01-01T00:00:00Z\"}", NULL},
        {"   ", "skipped"},
        {"{\"id\":\"b\",\"type\":\"x.y\",\"body\":{\"n\":[1,{\"t\":\"å\"}]}}", NULL},
        {"{\"type\":\"x.y\",\"body\":{}}", "\"id\""},
        {"{\"id\":\"c\",\"body\":{}}", "\"type\""},
        {"{\"id\":\"c\",\"type\":\"x.y\",\"body\":3}", "\"body\""},
        {"{\"id\":\"c\",\"type\":\"x.y\",\"body\":{\"n\":1.5}}", "fraction"},
        {"{\"id\":\"c\",\"type\":\"x.y\",\"body\":{},\"at\":\"yesterday\"}", "\"at\""},
        {"{\"id\":\"c\",\"type\":\"x.y\",\"body\":{},\"when\":1}", "when"},
        {"{\"id\":\"c\",\"id\":\"d\",\"type\":\"x.y\",\"body\":{}}", "no JSON"},
        {"[1]", "object"},
        {"{", "no JSON"},
        {"{\"id\":\"e\",\"type\":\"x.y\",\"body\":{}}", NULL},
    };
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    struct lines *lines;
    struct line line;
    struct buf error;
    FILE *file;

    (void)state;
    assert_int_equal(folder_make(folder, "lines_test"), 0);
    snprintf(path, sizeof path, "%s/lines", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        fprintf(file, "%s\n", cases[i].line);
    fclose(file);
    assert_int_equal(lines_open(&lines, path), 0);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        char place[FOLDER_BYTES + 24];
        if (cases[i].wrong && strcmp(cases[i].wrong, "skipped") == 0)
            continue;
        buf_init(&error, 8192);
        assert_int_equal(lines_next(lines, &line, &error), cases[i].wrong ? -EBADMSG : 0);
        snprintf(place, sizeof place, "%s:%u: ", path, i + 1);
        if (cases[i].wrong) {
            assert_non_null(strstr(buf_cstr(&error), cases[i].wrong));
            assert_memory_equal(buf_cstr(&error), place, strlen(place));
        } else {
            assert_int_equal(line.no, i + 1);
            assert_true((line.at != 0) == (i == 0));
            line_free(&line);
        }
        buf_free(&error);
    }
    buf_init(&error, 8192);
    assert_int_equal(lines_next(lines, &line, &error), -ENOENT);
    assert_true(lines_at(lines) == lines_size(lines));
    buf_free(&error);
    lines_close(&lines);
    assert_int_equal(folder_remove(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_become_a_body),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
