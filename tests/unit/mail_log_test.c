/* Message-IDs in the logs of mail servers. */
/* service: cirkel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/cirkel/mail_log.h"

static const struct {
    const char *line, *id; /* NULL: there is none */
} cases[] = {
    {"<abc@cirkel.example>", "<abc@cirkel.example>"},
    {"  <abc@cirkel.example>\r\n", "<abc@cirkel.example>"},
    {"Mar 15 09:00:01 relay postfix/cleanup[411]: 4F2A: message-id=<abc@cirkel.example>",
     "<abc@cirkel.example>"},
    {"4F2A: Message-ID=<abc@cirkel.example>, size=1234", "<abc@cirkel.example>"},
    {"2022-03-15 09:00:01 1nT4 <= a@b.example H=x [1.2.3.4] S=999 id=<abc@cirkel.example> T=x",
     "<abc@cirkel.example>"},
    {"Message-ID: <abc@cirkel.example>", "<abc@cirkel.example>"},
    {"abc@cirkel.example", NULL},
    {"message-id=abc@cirkel.example", NULL},
    {"message-id=<>", NULL},
    {"message-id=<no-sign>", NULL},
    {"message-id=<cut@cirkel.example", NULL},
    {"message-id=<a b@cirkel.example>", NULL},
    {"to=<anna@kommun.example>, status=sent", NULL},
    {"", NULL},
};

static void test_lines(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct text id = mail_log_find(text_of(cases[i].line));
        if (!text_eq(id, text_of(cases[i].id)) && (id.n || cases[i].id))
            fail_msg("%s: %.*s", cases[i].line, TEXT_ARGS(id));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
