/* What 64 KiB of anything may cost the gateway. */
/* service: gateway */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "services/gateway/asking.h"
#include "services/gateway/cursor.h"
#include "services/gateway/person.h"
#include "tests/harness/bounds.h"

static void read_query(void *ctx, struct bytes in) {
    static const struct token_key links = {{1}};
    const struct who who = {.client = NULL};
    struct request request;
    struct token token;
    struct text person;
    struct key key;
    (void)ctx;
    request_read(&request, &who, in);
    if (request.is_good)
        (void)!person_find(&request, &links, 1, &token, &person);
    (void)!cursor_read(TEXT_LIT("q"), (struct text){(const char *)in.p, in.n}, &key);
}

static void test_query(void **state) {
    (void)state;
    bounds_hold("query", read_query, NULL,
                "\x84\xa1v\x01\xa2id\xa1x\xa5query\xafmeetings.coming\xa4"
                "body\0\x85\xa1v\x01\xa2id\xa1x\xa5query\xafmeetings.coming\xa5token\xda\xff\xff\0",
                NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_query)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
