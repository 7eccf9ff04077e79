/* service: notifier */
/* Mail that came back: whatever it is, what is read from it is printable, within its bounds, and
 * names a letter only by a whole Message-ID of ours. */
#include "common/token.h"
#include "services/notifier/mail_report.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const char *words, size_t size) {
    size_t n = strnlen(words, size);
    must(n < size);
    for (size_t i = 0; i < n; i++)
        must(words[i] >= ' ' && words[i] < 0x7f);
}

static void check_id(const char *id) {
    size_t word = TOKEN_ID_MAX - 1;
    check_words(id, 201);
    if (id[0])
        must(strlen(id) == 1 + word + strlen("@cirkel.example>") && id[0] == '<' &&
             strcmp(id + 1 + word, "@cirkel.example>") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    const struct mail_house house = {.message_domain = TEXT_LIT("cirkel.example"),
                                     .bounce_address = TEXT_LIT("bounces@cirkel.example")};
    struct mail_report report;
    struct mail_block block;
    if (!started)
        mail_report_start();
    started = true;
    mail_report_read((struct bytes){data, size}, &house, &report);
    must(report.kind <= MAIL_STRANGE && report.blocks <= MAIL_BLOCKS);
    must(report.kind != MAIL_DELIVERED || report.blocks > 0);
    check_id(report.message_id);
    check_words(report.subject, sizeof report.subject);
    mail_report_of(&report, TEXT_LIT("anna@kommun.example"), &block);
    must(report.blocks == 0 || block.kind <= MAIL_HARD);
    check_words(block.recipient, sizeof block.recipient);
    check_words(block.status, sizeof block.status);
    check_words(block.said, sizeof block.said);
    return 0;
}
