#include "proto/settings.h"

#include "common/base.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[FOLDER_BYTES];

static int read_text(const char *text, struct settings *ret, struct buf *error) {
    char path[FOLDER_BYTES + 32];

    snprintf(path, sizeof path, "%s/cirkel.conf", home);
    assert_int_equal(write_file(path, 0600, (struct bytes){text, strlen(text)}), 0);
    buf_init(error, 8192);
    return settings_read(home, ret, error);
}

static void test_defaults(void **state) {
    struct settings s;
    struct buf error;

    (void)state;
    assert_int_equal(read_text("", &s, &error), 0);
    assert_string_equal(s.office_name, "Cirkel");
    assert_string_equal(s.zone, "Europe/Copenhagen");
    assert_int_equal(s.lease, 5 * SECONDS);
    assert_int_equal(s.give_up_after, 3 * DAYS);
    assert_int_equal(s.unknown_resends, 1);
    settings_free(&s);
    buf_free(&error);
}

static void test_the_printed_file_reads_as_the_defaults(void **state) {
    struct settings a, b;
    struct buf text, error;

    (void)state;
    buf_init(&text, 1 << 20);
    settings_print(&text);
    assert_false(text.over);
    assert_int_equal(read_text(buf_cstr(&text), &a, &error), 0);
    buf_free(&error);
    assert_int_equal(read_text("", &b, &error), 0);
#define SETTING_SAME_TEXT(name) assert_string_equal(a.name, b.name)
#define SETTING_SAME_INT(name) assert_int_equal(a.name, b.name)
#define SETTING_SAME_SPAN(name) assert_int_equal(a.name, b.name)
#define SETTING(kind, name, fallback, least, most, doc) SETTING_SAME_##kind(name);
#include "proto/settings.def"
#undef SETTING
    settings_free(&a);
    settings_free(&b);
    buf_free(&text);
    buf_free(&error);
}

#define TWENTY "abcdefghijabcdefghij"
#define SIXTY TWENTY TWENTY TWENTY

static void test_what_is_wrong_is_said(void **state) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"zone = \"Europe/Atlantis\"\n", "zone"},
        {"sender = \"nobody\"\n", "sender"},
        {"reply_to = \"a@b@c\"\n", "reply_to"},
        {"link_base = \"gopher://x\"\n", "link_base"},
        {"listen = \"ipc://x\"\n", "listen"},
        {"channel = \"pigeon\"\n", "channel"},
        {"bounce_address = \"" SIXTY "@" SIXTY "." SIXTY "." SIXTY ".se\"\n", "bounce_address"},
        {"lease = 61s\n", "cirkel.conf:1:"},
        {"\nin_flight = 0\n", "cirkel.conf:2:"},
        {"colour = 1\n", "colour"},
        {"retry_first = 5h\nretry_longest = 1h\n", "retry_first"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct settings s;
        struct buf error;
        assert_int_equal(read_text(cases[i].text, &s, &error), -EINVAL);
        assert_non_null(strstr(buf_cstr(&error), cases[i].says));
        buf_free(&error);
    }
}

static void test_no_file(void **state) {
    struct settings s;
    struct buf error;

    (void)state;
    buf_init(&error, 8192);
    assert_int_equal(settings_read("/nonexistent", &s, &error), -EINVAL);
    assert_true(error.n > 0);
    buf_free(&error);
}

static int make_home(void **state) {
    (void)state;
    return folder_make(home, "settings_test");
}

static int remove_home(void **state) {
    (void)state;
    return folder_remove(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_the_printed_file_reads_as_the_defaults),
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
