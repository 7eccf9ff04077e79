/* Message-IDs in the logs of mail servers. */
/* service: cirkel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/cirkel/mail_log.h"
#include "services/cirkel/mail_log_line.h"
#include "tests/harness/folder.h"

static const struct {
    const char *line, *id; /* NULL: there is none */
} cases[] = {
    {"<abc@cirkel.example>", "<abc@cirkel.example>"},
    {"  <abc@cirkel.example>\r\n", "<abc@cirkel.example>"},
    {"Mar 15 09:00:01 relay postfix/cleanup[411]: 4F2A: message-id=<abc@cirkel.example>",
     "<abc@cirkel.example>"},
    {"4F2A: Message-ID=<abc@cirkel.example>, size=1234", "<abc@cirkel.example>"},
    {"2022-03-15 09:00:01 1nT4 <= a@b.example H=x [1.2.3.4] P=esmtps S=999 id=abc@cirkel.example",
     "<abc@cirkel.example>"},
    {"2022-03-15 09:00:01 1nT4 <= a@b.example S=999 id=abc@cirkel.example T=\"x\" from "
     "<a@b.example>",
     "<abc@cirkel.example>"},
    {"sm-mta[9]: 22F90: from=<a@b.example>, size=9, nrcpts=1, msgid=<abc@cirkel.example>, "
     "proto=ESMTP",
     "<abc@cirkel.example>"},
    {"2022-03-15T08:00:01.1Z,,EX1,,,SMTP,RECEIVE,7,<abc@cirkel.example>,uuid,anna@kommun.example",
     "<abc@cirkel.example>"},
    {"\"RECEIVE\",\"<abc@cirkel.example>\"", "<abc@cirkel.example>"},
    {"Mar 15 relay postfix/smtpd[4]: NOQUEUE: reject: from=<a@b.example>, to=<c@d.example>", NULL},
    {"2022-03-15 09:00:01 1nT4 == x id=<>", NULL},
    {"2022-03-15 09:00:01 H=x uid=0 id=", NULL},
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
        struct mail_log_line line;
        mail_log_line(text_of(cases[i].line), &line);
        if (strcmp(line.id, cases[i].id ? cases[i].id : "") != 0)
            fail_msg("%s: %s", cases[i].line, line.id);
    }
}

static const char *const whole[] = {
    "Mar 15 09:00:01 relay postfix/cleanup[411]: 4F2A: message-id=<one@cirkel.example>",
    "Mar 15 09:00:01 relay postfix/qmgr[9]: 4F2A: from=<a@b.example>, size=9, nrcpt=1 (queue "
    "active)",
    "Mar 15 09:00:02 relay postfix/cleanup[411]: 5A00: message-id=<cut@cirkel.example>",
    "Mar 15 09:00:02 relay postfix/smtpd[12]: lost connection after DATA (900 bytes) from "
    "x[1.2.3.4]",
    "Mar 15 09:00:02 relay postfix/qmgr[9]: 4F2A: removed",
};

static void read_lines(struct mail_log *log, unsigned count, unsigned step) {
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    assert_int_equal(folder_make(folder, "mail-log"), 0);
    snprintf(path, sizeof path, "%s/log", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < count; i += step)
        fprintf(file, "%s\n", whole[i]);
    fclose(file);
    assert_int_equal(mail_log_read(log, path), 0);
    assert_int_equal(folder_remove(folder), 0);
}

/* Postfix names a letter before it has the whole of it. */
static void test_cut_off(void **context) {
    (void)context;
    struct mail_log *log = mail_log_new();
    read_lines(log, COUNT_OF(whole), 1);
    assert_true(mail_log_has(log, TEXT_LIT("<one@cirkel.example>")));
    assert_false(mail_log_has(log, TEXT_LIT("<cut@cirkel.example>")));
    assert_int_equal(mail_log_count(log), 1);
    mail_log_free(&log);
}

/* With its lines of the queue manager left out, it is believed. */
static void test_extract(void **context) {
    (void)context;
    struct mail_log *log = mail_log_new();
    read_lines(log, 4, 2);
    assert_true(mail_log_has(log, TEXT_LIT("<one@cirkel.example>")));
    assert_true(mail_log_has(log, TEXT_LIT("<cut@cirkel.example>")));
    mail_log_free(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_cut_off),
                                       cmocka_unit_test(test_extract)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
