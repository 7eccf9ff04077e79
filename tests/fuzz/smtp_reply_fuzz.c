/* service: notifier */
/* Whatever a mail server says at whatever step: one outcome that follows the rules, in words that
 * fit. */
#include "services/notifier/smtp_reply.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum smtp_step step, const struct smtp_reply *reply,
                  const struct smtp_verdict *verdict) {
    int kind = reply->is_whole ? reply->code / 100 : 0;
    must(!reply->is_whole || (reply->code >= 200 && reply->code <= 599));
    must((strcmp(verdict->word, "accepted") == 0) == (step == SMTP_DOT && kind == 2));
    must((strcmp(verdict->word, "unknown") == 0) == (step == SMTP_DOT && (kind == 0 || kind == 3)));
    must(strcmp(verdict->word, "failed") != 0 || kind == 5);
    must(!verdict->bounced || strcmp(verdict->word, "failed") == 0);
    must(!verdict->relay || strcmp(verdict->word, "deferred") == 0);
    for (const char *p = verdict->reply; *p; p++)
        must(*p >= ' ' && *p <= '~');
    for (const char *p = verdict->why; *p; p++)
        must(*p >= ' ' && *p <= '~' && *p != '"' && *p != '@');
}

/* The first byte is the step, the second the trouble; the rest is said, line by line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    enum smtp_step step = (enum smtp_step)(data[0] % SMTP_STEPS);
    enum smtp_trouble trouble = (enum smtp_trouble)(data[1] % SMTP_TROUBLES);
    struct smtp_reply reply = {.code = 0};
    struct smtp_verdict verdict;
    struct text rest = {(const char *)data + 2, size - 2}, line;
    while (text_cut(&rest, '\n', &line))
        if (!smtp_reply_line(&reply, (struct bytes){line.p, line.n}))
            break;
    smtp_judge(step, trouble, &reply, "as the library says", &verdict);
    check(step, &reply, &verdict);

    enum smtp_step named;
    if (smtp_step_of((struct bytes){data, size}, &named))
        must(named >= SMTP_EHLO && named <= SMTP_DATA);
    struct text address = {(const char *)data, size};
    must(!smtp_address_is_safe(address) || !memchr(data, '\n', size));
    return 0;
}
