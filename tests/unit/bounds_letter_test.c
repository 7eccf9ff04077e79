/* What 64 KiB of anything may cost the notifier: letters, what mail servers say, mail that came. */
/* service: notifier */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/notifier/compose.h"
#include "services/notifier/mail_report.h"
#include "services/notifier/smtp_reply.h"
#include "tests/harness/bounds.h"

static char office_name[] = "Office", sender[] = "o@x.example", empty[] = "",
            link_base[] = "https://x.example/l/", domain[] = "x.example";

static void write_letter(void *ctx, struct bytes in) {
    static const struct token_key links = {{1}};
    struct settings settings = {.office_name = office_name,
                                .sender = sender,
                                .reply_to = empty,
                                .link_base = link_base,
                                .message_domain = domain};
    struct rec_occasion occasion = {.class = TEXT_LIT("service"),
                                    .about_kind = TEXT_LIT("person"),
                                    .zone = TEXT_LIT("Europe/Stockholm")};
    struct rec_ledger row = {.class = TEXT_LIT("news"),
                             .person = TEXT_LIT("p1"),
                             .due = 1651129200000,
                             .decided = 1651129201000,
                             .zone = TEXT_LIT("Europe/Stockholm"),
                             .language = TEXT_LIT("da"),
                             .name = TEXT_LIT("Anna"),
                             .address = TEXT_LIT("p1@x.example"),
                             .message_id = TEXT_LIT("7@x.example")};
    struct letter_in letter = {.row = &row,
                               .occasion = &occasion,
                               .hash = TEXT_LIT("h"),
                               .source = {(const char *)in.p, in.n},
                               .settings = &settings,
                               .links = &links,
                               .arena = arena_new()};
    struct composer *composer = composer_new();
    char why[LETTER_WHY_MAX];
    struct buf to;
    (void)ctx;
    buf_init(&to, COMPOSE_MAX);
    (void)!compose(composer, &letter, &to, why);
    buf_free(&to);
    composer_free(&composer);
    arena_free(&letter.arena);
}

static void test_letter(void **state) {
    (void)state;
    bounds_hold("letter", write_letter, NULL, "Subject: x\n\n\0Subject: {{person.name}}\n\n> - [\0",
                "{{person.name}}\n\0[a]({{person.name}})\0");
}

static void read_reply(void *ctx, struct bytes in) {
    struct text rest = {(const char *)in.p, in.n}, line;
    struct smtp_reply reply = {.code = 0};
    struct smtp_verdict verdict;
    (void)ctx;
    while (text_cut(&rest, '\n', &line))
        if (!smtp_reply_line(&reply, (struct bytes){line.p, line.n}))
            break;
    smtp_judge(SMTP_DOT, SMTP_FINE, &reply, "x", &verdict);
}

static void test_reply(void **state) {
    (void)state;
    bounds_hold("SMTP reply", read_reply, NULL, "250-\0", "250-\n\0250 x\n\0");
}

static void read_mail(void *ctx, struct bytes in) {
    const struct mail_house house = {.message_domain = TEXT_LIT("cirkel.example"),
                                     .bounce_address = TEXT_LIT("bounces@cirkel.example")};
    struct mail_report report;
    struct mail_block block;
    (void)ctx;
    mail_report_read(in, &house, &report);
    mail_report_of(&report, TEXT_LIT("anna@kommun.example"), &block);
}

static void test_mail(void **state) {
    (void)state;
    mail_report_start();
    bounds_hold("mail", read_mail, NULL,
                "Content-Type: multipart/report; boundary=b\n\n--b\n\0"
                "Content-Type: multipart/report; boundary=b\n\n--b\n"
                "Content-Type: message/delivery-status\n\n\0"
                "Content-Type: text/plain; charset=utf-7\nContent-Transfer-Encoding: base64\n\n\0"
                "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n\0"
                "Subject: \0Content-Type: text/plain; \0",
                "--b\nContent-Type: multipart/mixed; boundary=b\n\n\0"
                "Content-Type: message/rfc822\n\n\0x*0*=%41; \0Action: failed\n\0=\n\0QUJD\n\0"
                "@cirkel.example\0");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letter), cmocka_unit_test(test_reply),
                                       cmocka_unit_test(test_mail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
