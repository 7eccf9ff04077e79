/* What mail that came back says of a letter: reports as they are written by the servers there are,
 * answers of people and machines, and mail that is built to hurt. */
/* service: notifier */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "services/notifier/mail_report_inner.h"

#define FOLDER "tests/data/mail"
#define OUR_ID "<abcdefghijklmnopqrstuvwxyz@cirkel.example>"

static const struct mail_house house = {.message_domain = {"cirkel.example", 14},
                                        .bounce_address = {"bounces@cirkel.example", 22}};
static const char *const kinds[] = {
    [MAIL_DELIVERED] = "delivered", [MAIL_RELAYED] = "relayed", [MAIL_DELAYED] = "delayed",
    [MAIL_SOFT] = "soft",           [MAIL_HARD] = "hard",       [MAIL_COMPLAINT] = "complaint",
    [MAIL_AUTOMATIC] = "automatic", [MAIL_ANSWER] = "answer",   [MAIL_STRANGE] = "strange"};

/* Of a file: what it says of anna@kommun.example, under which code, and whether it names our
 * letter. */
static const struct {
    const char *file, *kind, *status;
    bool ours;
} cases[] = {
    {"postfix-unknown", "hard", "5.1.1", true},
    {"postfix-unknown-crlf", "hard", "5.1.1", true},
    {"postfix-headers-only", "hard", "5.1.1", true},
    {"postfix-no-domain", "hard", "5.4.4", true},
    {"postfix-full", "soft", "5.2.2", true},
    {"postfix-gave-up", "soft", "4.4.1", true},
    {"postfix-delayed", "delayed", "4.4.1", true},
    {"postfix-delivered", "delivered", "2.0.0", true},
    {"postfix-relayed", "relayed", "2.0.0", true},
    {"base64-status", "hard", "5.1.1", true},
    {"within-a-list-mail", "hard", "5.1.1", true},
    {"cut-off", "hard", "5.1.1", true},
    {"of-somebody-else", "hard", "5.1.1", false},
    {"passed-on-unknown", "soft", "5.1.1", true},
    {"expanded-one-unknown", "relayed", "2.0.0", true},
    {"sendmail-unknown", "hard", "5.1.1", true},
    {"exim-unknown", "hard", "5.0.0", true},
    {"exim-spam", "soft", "5.0.0", true},
    {"exim-coded-unknown", "hard", "5.1.1", true},
    {"exim-coded-policy", "soft", "5.7.1", true},
    {"exim-plain", "hard", "5.1.1", true},
    {"exim-warning", "delayed", "5.1.1", true},
    {"qmail-unknown", "hard", "5.1.1", true},
    {"qmail-no-mailbox", "hard", "5.1.1", true},
    {"qmail-loop", "soft", "5.4.6", true},
    {"qmail-verp", "hard", "5.1.1", true},
    {"qmail-faked", "strange", "", false},
    {"exchange-unknown-da", "hard", "5.1.10", true},
    {"exchange-old-unknown", "hard", "5.1.1", true},
    {"exchange-edge-unknown", "hard", "5.4.1", true},
    {"exchange-not-allowed-sv", "soft", "5.7.133", true},
    {"exchange-full", "soft", "5.2.2", true},
    {"exchange-receipt-da", "automatic", "", true},
    {"gmail-unknown", "hard", "5.1.1", true},
    {"gmail-over-quota", "soft", "5.2.2", true},
    {"gmail-spam", "soft", "5.7.26", true},
    {"complaint", "complaint", "", true},
    {"complaint-not-spam", "automatic", "", true},
    {"away-exchange-da", "automatic", "", true},
    {"away-exchange-sv", "automatic", "", true},
    {"away-vacation-sv", "automatic", "", true},
    {"away-no-reference", "automatic", "", false},
    {"answer-sv", "answer", "", true},
    {"answer-as-new-mail", "strange", "", false},
    {"spam", "strange", "", false},
    {"empty", "strange", "", false},
    {"no-header", "strange", "", false},
};

static struct buf file_of(const char *name) {
    char path[300];
    struct buf content;
    snprintf(path, sizeof path, FOLDER "/%s.eml", name);
    if (read_file(path, MAIL_REPORT_READ, &content))
        fail_msg("%s cannot be read", path);
    return content;
}

static enum mail_kind read_about(struct bytes bytes, const char *address, struct mail_report *r,
                                 struct mail_block *block) {
    mail_report_read(bytes, &house, r);
    *block = (struct mail_block){.kind = r->kind};
    if (r->kind == MAIL_DELIVERED)
        mail_report_of(r, text_of(address), block);
    return block->kind;
}

static void test_samples(void **context) {
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf file = file_of(cases[i].file);
        struct mail_report r;
        struct mail_block block;
        enum mail_kind kind = read_about(buf_as_bytes(&file), "Anna@Kommun.example", &r, &block);
        if (strcmp(kinds[kind], cases[i].kind) || strcmp(block.status, cases[i].status) ||
            strcmp(r.message_id, cases[i].ours ? OUR_ID : ""))
            fail_msg("%s: %s %s of \"%s\" (%s, said: %s); expected %s %s of %s", cases[i].file,
                     kinds[kind], block.status, r.message_id, block.recipient, block.said,
                     cases[i].kind, cases[i].status, cases[i].ours ? "ours" : "none");
        buf_free(&file);
    }
}

/* Every sample is in the table. */
static void test_all_samples(void **context) {
    unsigned files = 0;
    DIR *dir = opendir(FOLDER);
    (void)context;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        files += e->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(files, COUNT_OF(cases));
}

/* Cut after every byte, a report says at worst that it is strange; never worse than when whole. */
static void test_cut(void **context) {
    struct buf file = file_of("postfix-delivered");
    (void)context;
    for (size_t n = 0; n < file.n; n += 7) {
        struct mail_report r;
        struct mail_block block;
        enum mail_kind kind =
            read_about((struct bytes){file.p, n}, "anna@kommun.example", &r, &block);
        assert_true(kind == MAIL_DELIVERED || kind == MAIL_STRANGE || kind == MAIL_AUTOMATIC ||
                    kind == MAIL_SOFT);
    }
    buf_free(&file);
}

static void test_status_codes(void **context) {
    static const struct {
        const char *in, *found;
    } codes[] = {{"5.1.1", "5.1.1"},
                 {"smtp; 550 5.1.10 no", "5.1.10"},
                 {"(#5.4.6)", "5.4.6"},
                 {"550-5.1.1 a", "5.1.1"},
                 {"4.123.456 x", "4.123.456"},
                 {"5.1.1234", ""},
                 {"192.5.1.1 said", ""},
                 {"[5.1.1.7]", ""},
                 {"3.1.1 5.1", ""},
                 {"v5.1.1", ""},
                 {"5..1", ""},
                 {"5.1.", ""},
                 {"5.1.1.", "5.1.1"},
                 {"", ""}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(codes); i++) {
        char found[16];
        (void)mail_status_find(text_of(codes[i].in), found);
        assert_string_equal(found, codes[i].found);
    }
}

static void test_own_ids(void **context) {
    static const struct {
        const char *in, *found;
    } ids[] = {{OUR_ID, OUR_ID},
               {"Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZ@CIRKEL.example>", OUR_ID},
               {"abcdefghijklmnopqrstuvwxyz@cirkel.example", OUR_ID},
               {"<other@x> " OUR_ID, OUR_ID},
               {"<abcdefghijklmnopqrstuvwxyz.12@cirkel.example>",
                "<abcdefghijklmnopqrstuvwxyz.12@cirkel.example>"},
               {"abcdefghijklmnopqrstuvw234.1@cirkel.example",
                "<abcdefghijklmnopqrstuvw234.1@cirkel.example>"},
               {"<abcdefghijklmnopqrstuvwxyz.@cirkel.example>", ""},
               {"<abcdefghijklmnopqrstuvwxyz.1.2@cirkel.example>", ""},
               {"<abcdefghijklmnopqrstuvwxyz.x@cirkel.example>", ""},
               {"<.1@cirkel.example>", ""},
               {"<aabcdefghijklmnopqrstuvwxyz@cirkel.example>", ""},
               {"<bcdefghijklmnopqrstuvwxyz@cirkel.example>", ""},
               {"<abcdefghijklmnopqrstuvwxy1@cirkel.example>", ""},
               {"<abcdefghijklmnopqrstuvwxyz@cirkel.example.evil>", ""},
               {"<abcdefghijklmnopqrstuvwxyz@cirkel.examples>", ""},
               {"<abcdefghijklmnopqrstuvwxyz@xcirkel.example>", ""},
               {"@cirkel.example", ""}};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(ids); i++) {
        char id[201];
        if (mail_own_id(text_of(ids[i].in), house.message_domain, id) != (ids[i].found[0] != 0))
            fail_msg("%s", ids[i].in);
        assert_string_equal(id, ids[i].found);
    }
}

/* ---- built to hurt ---- */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void nested(struct buf *to) {
    buf_str(to, "Content-Type: multipart/report; boundary=0\n\n");
    for (unsigned i = 0; to->n < 250000; i++)
        buf_printf(to, "--%x\nContent-Type: multipart/mixed; boundary=%x\n\n", i, i + 1);
}
static void nested_messages(struct buf *to) {
    while (to->n < 250000)
        buf_str(to, "Content-Type: message/rfc822\n\n");
}
static void many_parts(struct buf *to) {
    buf_str(to, "Content-Type: multipart/report; boundary=b\n\n");
    while (to->n < 250000)
        buf_str(to, "--b\nContent-Type: message/delivery-status\n\nA: b\n\nAction: failed\n\n");
}
static void many_fields(struct buf *to) {
    while (to->n < 250000)
        buf_str(to, "A: =?utf-8?q?=?=\n");
}
static void long_line(struct buf *to) {
    buf_str(to, "Content-Type: multipart/report; boundary=\"");
    while (to->n < 250000)
        buf_str(to, "((((\"\\\"((((");
}
static void many_parameters(struct buf *to) {
    buf_str(to, "Content-Type: text/plain");
    for (unsigned i = 0; to->n < 250000; i++)
        buf_printf(to, "; x*%u*=%%41", i);
}
static void long_parameter_name(struct buf *to) {
    buf_str(to, "Content-Type: text/plain; ");
    while (to->n < 250000)
        buf_str(to, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    buf_str(to, "=1\n\n");
}
static void zeros(struct buf *to) {
    static const char none[1000];
    while (to->n < 250000)
        buf_add(to, none, sizeof none);
}
static void almost_ids(struct buf *to) {
    buf_str(to, "From: MAILER-DAEMON@x\nContent-Type: text/plain\n\n");
    while (to->n < 250000)
        buf_str(to, "@cirkel.example@cirkel.exampl5.5.5.5.");
}
static void folded(struct buf *to) {
    buf_str(to, "Content-Type: message/delivery-status\n\nA:b\n\nAction: failed\nStatus:");
    while (to->n < 250000)
        buf_str(to, "\n \t x");
}
static void bad_encoding(struct buf *to) {
    buf_str(to, "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n");
    while (to->n < 250000)
        buf_str(to, "M=====\n");
}

#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 16
#else
#define SLOWER 1
#endif

/* As much as is ever looked at costs less than 16 MiB and, on a machine that does other things too,
 * a quarter of a second (it is 40 ms alone). */
static void test_hostile(void **context) {
    static void (*const build[])(struct buf *) = {
        nested,     nested_messages, many_parts,          many_fields,
        long_line,  many_parameters, long_parameter_name, zeros,
        almost_ids, folded,          bad_encoding};
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(build); i++) {
        struct buf b;
        struct mail_report r;
        buf_init(&b, 300000);
        build[i](&b);
        long before = peak_kib();
        double began = seconds();
        mail_report_read(buf_as_bytes(&b), &house, &r);
        double took = seconds() - began;
        long grown = peak_kib() - before;
        if (took > 0.25 * SLOWER || grown > 16 * 1024 * SLOWER)
            fail_msg("case %u: %.2f s, %ld KiB", i, took, grown);
        assert_true(r.kind == MAIL_STRANGE || r.kind == MAIL_DELIVERED || r.kind == MAIL_AUTOMATIC);
        assert_string_equal(r.message_id, "");
        buf_free(&b);
    }
}

/* What is said of a letter is printed: it holds nothing that is not printable. */
static void test_words(void **context) {
    char to[12];
    (void)context;
    mail_words(text_of("  a\r\n\tb\x1b[2J\xc3\xa5 "), to, sizeof to);
    assert_string_equal(to, "a b [2J??");
    mail_words(text_of("abcdefghijklmnop"), to, sizeof to);
    assert_string_equal(to, "abcdefghijk");
}

static int start(void **state) {
    (void)state;
    mail_report_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples), cmocka_unit_test(test_all_samples),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_status_codes),
        cmocka_unit_test(test_own_ids), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
