#include "common/ical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_writes(void (*write)(struct buf *, const char *, struct text), const char *value,
                          const char *expected) {
    struct buf b;
    buf_init(&b, 4096);
    write(&b, "SUMMARY", text_of(value));
    assert_string_equal(buf_cstr(&b), expected);
    buf_free(&b);
}

static void texts_are_escaped(void **unused) {
    (void)unused;
    assert_writes(ical_text, "a;b,c\\d\ne\tf", "SUMMARY:a\\;b\\,c\\\\d\\nef\r\n");
    assert_writes(ical_line, "a;b,c", "SUMMARY:a;b,c\r\n");
    assert_writes(ical_text, "", "SUMMARY:\r\n");
}

static void lines_are_folded_between_characters(void **unused) {
    (void)unused;
    /* 8 bytes of name, 66 of a, then ö of two bytes, which does not fit any more */
    assert_writes(
        ical_text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaöb",
        "SUMMARY:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n öb\r\n");
    assert_writes(
        ical_text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaöb",
        "SUMMARY:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaö\r\n b\r\n");
}

static void instants_are_utc(void **unused) {
    struct buf b;
    (void)unused;
    buf_init(&b, 100);
    ical_instant(&b, "DTSTART", 1653375600000);
    assert_string_equal(buf_cstr(&b), "DTSTART:20220524T070000Z\r\n");
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(lines_are_folded_between_characters),
        cmocka_unit_test(instants_are_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
