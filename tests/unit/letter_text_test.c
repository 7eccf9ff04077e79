/* service: notifier */
/* What somebody wrote is nothing but text in a letter, and its lines stay lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/notifier/letter_inner.h"

static void markdown_cannot_be_made(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"Åse Öberg-Ek", "Åse Öberg\\-Ek"},
        {"[a](http://x)", "\\[a\\]\\(http\\:\\/\\/x\\)"},
        {"<b>&amp;", "\\<b\\>\\&amp\\;"},
        {"a\n# b", "a\\\n\\# b"},
        {"a\n# b\r\n\r\n\tc", "a\\\n\\# b\\\n\\\nc"},
        {"    code", "code"},
        {" a  b ", "a b"},
        {"a\x7f\x01z", "a z"},
        {"\\", "\\\\"},
        {"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
         "\\!\\\"\\#\\$\\%\\&\\'\\(\\)\\*\\+\\,\\-\\.\\/"
         "\\:\\;\\<\\=\\>\\?\\@\\[\\\\\\]\\^\\_\\`\\{\\|\\}\\~"},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf to;
        buf_init(&to, 1000);
        letter_escape(&to, text_of(cases[i].text));
        assert_string_equal(buf_cstr(&to), cases[i].expected);
        buf_free(&to);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(markdown_cannot_be_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
