/* What is said of mail that came back, and what is left to a person. */
/* service: notifier */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "proto/codec.h"
#include "services/notifier/incoming_inner.h"

#define ID "<abcdefghijklmnopqrstuvwxyz@cirkel.example>"
#define NOW ((instant)1646121600000)

static const struct token_key key = {.secret = {1}}, other_key = {.secret = {2}};

static struct mail_report report_of(enum mail_kind kind, bool ours) {
    struct mail_report r = {.kind = kind};
    if (ours)
        strcpy(r.message_id, ID);
    if (kind == MAIL_DELIVERED) {
        r.blocks = 1;
        r.block[0] = (struct mail_block){
            .kind = MAIL_HARD, .recipient = "a@x.example", .status = "5.1.1", .said = "no"};
    }
    return r;
}

/* From the message alone. */
static void test_judge(void **context) {
    static const struct {
        enum mail_kind kind;
        bool ours;
        enum incoming_way way;
    } cases[] = {
        {MAIL_DELIVERED, true, WAY_FIND},  {MAIL_DELIVERED, false, WAY_UNREAD},
        {MAIL_COMPLAINT, true, WAY_FIND},  {MAIL_COMPLAINT, false, WAY_UNREAD},
        {MAIL_AUTOMATIC, true, WAY_FIND},  {MAIL_AUTOMATIC, false, WAY_DONE},
        {MAIL_ANSWER, true, WAY_FIND},     {MAIL_ANSWER, false, WAY_UNREAD},
        {MAIL_STRANGE, false, WAY_UNREAD}, {MAIL_STRANGE, true, WAY_UNREAD},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct incoming_said said;
        struct mail_report r = report_of(cases[i].kind, cases[i].ours);
        if (incoming_judge(&r, &key, NOW, &said) != cases[i].way)
            fail_msg("case %u", i);
        assert_true(cases[i].way != WAY_UNREAD || said.reason[0]);
    }
}

/* A token in the subject: only one of ours, for exactly this, not over, and in no report. */
static void test_unsubscribe(void **context) {
    static const struct {
        const char *purpose, *value, *before;
        msec left;
        bool ours;
        enum mail_kind kind;
        enum incoming_way way;
    } cases[] = {
        {"preference.set", "off", "", DAYS, true, MAIL_STRANGE, WAY_SAY},
        {"preference.set", "off", "Re: ", DAYS, true, MAIL_ANSWER, WAY_SAY},
        {"preference.set", "off", "unsubscribe ", 0, true, MAIL_AUTOMATIC, WAY_SAY},
        {"preference.set", "off", "", -DAYS, true, MAIL_STRANGE, WAY_UNREAD},
        {"preference.set", "off", "", DAYS, false, MAIL_STRANGE, WAY_UNREAD},
        {"preference.set", "", "", DAYS, true, MAIL_STRANGE, WAY_UNREAD},
        {"membership.end", "off", "", DAYS, true, MAIL_STRANGE, WAY_UNREAD},
        {"preference.set", "off", "", DAYS, true, MAIL_COMPLAINT, WAY_UNREAD},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct incoming_said said;
        struct mail_report r = report_of(cases[i].kind, false);
        char token[TOKEN_MAX];
        assert_int_equal(token_make(cases[i].ours ? &key : &other_key, text_of(cases[i].purpose),
                                    TEXT_LIT("net"), TEXT_LIT("anna"), text_of(cases[i].value),
                                    cases[i].left ? NOW + cases[i].left : 0, token),
                         0);
        snprintf(r.subject, sizeof r.subject, "%s%s", cases[i].before, token);
        if (incoming_judge(&r, &key, NOW, &said) != cases[i].way)
            fail_msg("case %u", i);
        if (cases[i].way != WAY_SAY)
            continue;
        assert_int_equal(said.type, MSG_PREFERENCE_SET);
        assert_true(text_is(said.body.preference.person, "anna") &&
                    text_is(said.body.preference.class, "news") && !said.body.preference.on);
    }
}

/* With the letter, or without one. */
static void test_judge_letter(void **context) {
    static const struct {
        enum mail_kind kind;
        const char *state; /* NULL: there is no such letter */
        int64_t attempts;
        enum incoming_way way, after;
        const char *said;
    } cases[] = {
        {MAIL_DELIVERED, "accepted", 1, WAY_SAY, WAY_DONE, "hard"},
        {MAIL_DELIVERED, NULL, 0, WAY_UNREAD, WAY_DONE, NULL},
        {MAIL_COMPLAINT, "accepted", 1, WAY_SAY, WAY_DONE, "complaint"},
        {MAIL_COMPLAINT, NULL, 0, WAY_UNREAD, WAY_DONE, NULL},
        {MAIL_AUTOMATIC, "accepted", 1, WAY_DONE, WAY_DONE, NULL},
        {MAIL_AUTOMATIC, "unknown", 1, WAY_SAY, WAY_DONE, "answered"},
        {MAIL_AUTOMATIC, "queued", 1, WAY_SAY, WAY_DONE, "answered"},
        {MAIL_AUTOMATIC, "queued", 0, WAY_DONE, WAY_DONE, NULL},
        {MAIL_AUTOMATIC, NULL, 0, WAY_DONE, WAY_DONE, NULL},
        {MAIL_ANSWER, "accepted", 1, WAY_UNREAD, WAY_UNREAD, NULL},
        {MAIL_ANSWER, "unknown", 1, WAY_SAY, WAY_UNREAD, "answered"},
        {MAIL_ANSWER, NULL, 0, WAY_UNREAD, WAY_UNREAD, NULL},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct incoming_said said;
        struct mail_report r = report_of(cases[i].kind, true);
        struct rec_ledger row = {.no = 7,
                                 .state = text_of(cases[i].state),
                                 .attempts = cases[i].attempts,
                                 .message_id = text_of(r.message_id)};
        assert_int_equal(incoming_judge(&r, &key, NOW, &said), WAY_FIND);
        if (incoming_judge_letter(&r, cases[i].state ? &row : NULL, TEXT_LIT("a@x.example"),
                                  &said) != cases[i].way)
            fail_msg("case %u", i);
        assert_int_equal(said.after, cases[i].after);
        if (cases[i].said && !text_is(said.body.report.kind, cases[i].said))
            fail_msg("case %u says %.*s", i, TEXT_ARGS(said.body.report.kind));
    }
}

/* The letter went to another address since: as another message. */
static void test_judge_elsewhere(void **context) {
    static const struct {
        enum mail_kind kind;
        enum incoming_way way;
    } cases[] = {{MAIL_DELIVERED, WAY_UNREAD},
                 {MAIL_COMPLAINT, WAY_UNREAD},
                 {MAIL_AUTOMATIC, WAY_DONE},
                 {MAIL_ANSWER, WAY_UNREAD}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct incoming_said said;
        struct mail_report r = report_of(cases[i].kind, true);
        struct rec_ledger row = {.no = 7,
                                 .state = TEXT_LIT("unknown"),
                                 .attempts = 2,
                                 .message_id = TEXT_LIT("<abcdefghijklmnopqrstuvwxyz.1@x>")};
        assert_int_equal(incoming_judge(&r, &key, NOW, &said), WAY_FIND);
        assert_int_equal(incoming_judge_letter(&r, &row, TEXT_LIT("a@x.example"), &said),
                         cases[i].way);
    }
}

/* Whatever is said, the front door takes it. */
static void test_requests(void **context) {
    struct buf to;
    (void)context;
    buf_init(&to, 4096);
    for (enum mail_kind kind = MAIL_DELIVERED; kind <= MAIL_ANSWER; kind++) {
        struct incoming_said said;
        struct mail_report r = report_of(MAIL_DELIVERED, true);
        struct rec_ledger row = {.no = INT64_MAX,
                                 .state = TEXT_LIT("unknown"),
                                 .attempts = 1,
                                 .message_id = text_of(r.message_id)};
        struct complaint c;
        struct text word;
        struct bytes body = {NULL, 0};
        struct msg_delivery_report m;
        uint32_t n = 0;
        r.kind = kind < MAIL_COMPLAINT ? MAIL_DELIVERED : kind;
        r.block[0].kind = kind;
        memset(r.block[0].said, 'x', MAIL_SAID);
        memset(r.block[0].status, '5', sizeof r.block[0].status - 1);
        (void)incoming_judge(&r, &key, NOW, &said);
        assert_int_equal(incoming_judge_letter(&r, &row, TEXT_LIT("a@x.example"), &said), WAY_SAY);
        incoming_request(&said, "mail-x", &to);
        struct pack_reader reader = pack_read(buf_as_bytes(&to));
        assert_true(pack_is_one(buf_as_bytes(&to), CODEC_DEPTH) && pack_read_map(&reader, &n));
        while (n-- && pack_read_text(&reader, &word))
            if (!text_is(word, "body"))
                assert_true(pack_skip(&reader));
            else
                assert_true(pack_read_raw(&reader, &body));
        if (codec_decode(&msg_shapes[MSG_DELIVERY_REPORT], CODEC_STRICT, body, &m, &c))
            fail_msg("%d: %s: %s", (int)kind, c.field, c.text);
    }
    buf_free(&to);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),        cmocka_unit_test(test_unsubscribe),
        cmocka_unit_test(test_judge_letter), cmocka_unit_test(test_judge_elsewhere),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
