/* service: notifier */
/* What a mail server says, and what that means for the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/notifier/smtp_reply.h"

#include <stdio.h>
#include <string.h>

static void read_lines(const char *said, struct smtp_reply *ret) {
    struct text rest = text_of(said), line;
    *ret = (struct smtp_reply){.code = 0};
    while (text_cut(&rest, '\n', &line))
        assert_true(smtp_reply_line(ret, (struct bytes){line.p, line.n}));
}

static void test_replies_are_read(void **state) {
    static const struct {
        const char *said;
        int code;
        bool is_whole;
        const char *text;
    } cases[] = {
        {"250 2.0.0 ok\r\n", 250, true, "250 2.0.0 ok"},
        {"250\r\n", 250, true, "250"},
        {"250 \r\n", 250, true, "250"},
        {"250-one\r\n250-two\r\n250 three\r\n", 250, true, "250 one two three"},
        {"250-one\r\n250-two\r\n", 250, false, "250 one two"},
        {"250-one\r\n550 two\r\n", 250, false, "250 one"},
        {"550 first\r\n250 second\r\n", 550, true, "550 first"},
        {"hello?\r\n250 ok\r\n", 250, true, "250 ok"},
        {"2500 ok\r\n", 0, false, ""},
        {"25 ok\r\n", 0, false, ""},
        {"150 ok\r\n", 0, false, ""},
        {"650 ok\r\n", 0, false, ""},
        {"250ok\r\n", 0, false, ""},
        {"", 0, false, ""},
        {"\r\n", 0, false, ""},
        {"550 a\tb\x01\xc3\xb6\r\n", 550, true, "550 a?b???"},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_reply reply;
        read_lines(cases[i].said, &reply);
        assert_int_equal(reply.code, cases[i].code);
        assert_int_equal(reply.is_whole, cases[i].is_whole);
        assert_string_equal(reply.text, cases[i].text);
    }
}

static void test_a_reply_has_an_end(void **state) {
    struct smtp_reply reply = {.code = 0};
    struct bytes line = {"250-and another thing\r\n", 23};
    (void)state;
    for (unsigned i = 0; i < SMTP_REPLY_LINES; i++)
        assert_true(smtp_reply_line(&reply, line));
    assert_false(smtp_reply_line(&reply, line));
    assert_true(strlen(reply.text) <= SMTP_REPLY_TEXT);
    assert_false(reply.is_whole);
}

static void test_every_answer_has_its_outcome(void **state) {
    static const struct {
        enum smtp_step step;
        const char *said, *word;
        bool bounced, relay;
    } cases[] = {
        {SMTP_CONNECT, "554 go away", "deferred", false, true},
        {SMTP_CONNECT, "421 busy", "deferred", false, true},
        {SMTP_EHLO, "550 not you", "deferred", false, true},
        {SMTP_STARTTLS, "454 no key", "deferred", false, true},
        {SMTP_AUTH, "535 5.7.8 wrong", "deferred", false, true},
        {SMTP_MAIL, "530 5.7.0 log in", "deferred", false, true},
        {SMTP_MAIL, "550 5.7.1 not from you", "failed", false, false},
        {SMTP_MAIL, "553 5.1.8 no such domain", "failed", false, false},
        {SMTP_MAIL, "552 too big", "failed", false, false},
        {SMTP_MAIL, "421 later", "deferred", false, false},
        {SMTP_MAIL, "250 ok", "deferred", false, false},
        {SMTP_RCPT, "450 4.2.0 greylisted", "deferred", false, false},
        {SMTP_RCPT, "421 4.7.0 enough", "deferred", false, false},
        {SMTP_RCPT, "550 no such user", "failed", true, false},
        {SMTP_RCPT, "551 not here", "failed", true, false},
        {SMTP_RCPT, "553 bad name", "failed", true, false},
        {SMTP_RCPT, "552 mailbox is full", "failed", false, false},
        {SMTP_RCPT, "554 relaying denied", "failed", false, false},
        {SMTP_RCPT, "550 5.1.1 no such user", "failed", true, false},
        {SMTP_RCPT, "554 5.1.10 no such domain", "failed", true, false},
        {SMTP_RCPT, "550 5.1.8 your domain", "failed", false, false},
        {SMTP_RCPT, "550 5.2.1 disabled", "failed", true, false},
        {SMTP_RCPT, "550 5.2.2 full", "failed", false, false},
        {SMTP_RCPT, "550 5.7.1 you are blocked", "failed", false, false},
        {SMTP_RCPT, "550 5.0.0 no", "failed", true, false},
        {SMTP_RCPT, "550 4.1.1 contradicts", "failed", true, false},
        {SMTP_RCPT, "550 5.1 short", "failed", true, false},
        {SMTP_RCPT, "250 ok", "deferred", false, false},
        {SMTP_DATA, "554 no valid recipients", "failed", false, false},
        {SMTP_DATA, "451 later", "deferred", false, false},
        {SMTP_DATA, "354 go on", "deferred", false, false},
        {SMTP_BODY, "", "deferred", false, false},
        {SMTP_DOT, "250 2.0.0 taken", "accepted", false, false},
        {SMTP_DOT, "251 taken", "accepted", false, false},
        {SMTP_DOT, "451 4.3.0 later", "deferred", false, false},
        {SMTP_DOT, "552 5.3.4 too big", "failed", false, false},
        {SMTP_DOT, "550 5.1.1 no such user", "failed", true, false},
        {SMTP_DOT, "550 spam", "failed", false, false},
        {SMTP_DOT, "354 again?", "unknown", false, false},
        {SMTP_DOT, "250-tak", "unknown", false, false},
        {SMTP_DOT, "550-no", "unknown", false, false},
        {SMTP_DOT, "", "unknown", false, false},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_reply reply;
        struct smtp_verdict verdict;
        read_lines(cases[i].said, &reply);
        smtp_judge(cases[i].step, SMTP_LOST, &reply, "", &verdict);
        if (strcmp(verdict.word, cases[i].word) != 0 || verdict.bounced != cases[i].bounced ||
            verdict.relay != cases[i].relay)
            fail_msg("step %d \"%s\": %s %d %d", cases[i].step, cases[i].said, verdict.word,
                     verdict.bounced, verdict.relay);
    }
}

/* Whatever goes wrong: before the dot nothing is unknown, after it nothing is tried again unasked.
 */
static void test_every_trouble_has_its_outcome(void **state) {
    (void)state;
    for (int step = 0; step < SMTP_STEPS; step++)
        for (int trouble = 0; trouble < SMTP_TROUBLES; trouble++) {
            struct smtp_reply none = {.code = 0};
            struct smtp_verdict verdict;
            smtp_judge((enum smtp_step)step, (enum smtp_trouble)trouble, &none, "in detail\r\n",
                       &verdict);
            assert_string_equal(verdict.word, step == SMTP_DOT ? "unknown" : "deferred");
            assert_false(verdict.bounced);
            assert_int_equal(verdict.relay, step < SMTP_MAIL && trouble != SMTP_STOPPED);
            assert_non_null(strstr(verdict.reply, ": in detail??"));
        }
}

static void test_the_log_is_told_no_names(void **state) {
    struct smtp_reply reply;
    struct smtp_verdict verdict;
    (void)state;
    read_lines("550 5.1.1 <anna@kommun.example> is gone", &reply);
    smtp_judge(SMTP_RCPT, SMTP_LOST, &reply, "", &verdict);
    assert_string_equal(verdict.reply, "RCPT: 550 5.1.1 <anna@kommun.example> is gone");
    assert_string_equal(verdict.why, "step=RCPT code=550 status=5.1.1 trouble=none");
}

static void test_steps_are_known_by_their_commands(void **state) {
    enum smtp_step step = SMTP_CONNECT;
    (void)state;
    assert_true(smtp_step_of((struct bytes){"MAIL FROM:<a@b>\r\n", 17}, &step));
    assert_int_equal(step, SMTP_MAIL);
    assert_true(smtp_step_of((struct bytes){"DATA\r\n", 6}, &step));
    assert_int_equal(step, SMTP_DATA);
    assert_false(smtp_step_of((struct bytes){"QUIT\r\n", 6}, &step));
    assert_false(smtp_step_of((struct bytes){"REFUQQ==\r\n", 10}, &step));
}

static void test_addresses_end_no_command(void **state) {
    static const char *const bad[] = {"",      "anna",  "a@b>\r\nRSET", "a b@c.example",
                                      "a@b\n", "<a@b>", "a@b\x7f",      "a\t@b"};
    char longest[300];
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(bad); i++)
        assert_false(smtp_address_is_safe(text_of(bad[i])));
    assert_true(smtp_address_is_safe(text_of("anna.ek+net@kommun.example")));
    memset(longest, 'a', sizeof longest);
    longest[10] = '@';
    assert_true(smtp_address_is_safe((struct text){longest, 254}));
    assert_false(smtp_address_is_safe((struct text){longest, 255}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_are_read),
        cmocka_unit_test(test_a_reply_has_an_end),
        cmocka_unit_test(test_every_answer_has_its_outcome),
        cmocka_unit_test(test_every_trouble_has_its_outcome),
        cmocka_unit_test(test_the_log_is_told_no_names),
        cmocka_unit_test(test_steps_are_known_by_their_commands),
        cmocka_unit_test(test_addresses_end_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
