/* mail_plain - reports in words alone, of the servers that write such. */
#include "services/notifier/mail_report_inner.h"

#include <string.h>

#define WORDS_READ ((size_t)8 * 1024) /* what is said stands at the beginning */

/* What such a report begins with. */
static const char *const openings[] = {
    "This is the qmail-send program",
    "This message was created automatically by mail delivery software",
    "This is the mail system at host",
    "Delivery to the following recipient failed",
    "Delivery to the following recipients failed",
    "Your message did not reach some or all of the intended recipients",
    "The following addresses had permanent fatal errors",
    "The following message to <",
    "A message that you sent could not be delivered",
    "----- Transcript of session follows -----",
};

/* It is still being tried. */
static const char *const waiting[] = {
    "will be retried",
    "will continue to try",
    "has not yet been delivered",
    "has been delayed",
    "still being retried",
    "No action is required on your part",
    "will keep trying",
    "THIS IS A WARNING MESSAGE ONLY",
};

static bool has_one_of(struct text in, const char *const words[], unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (mail_has(in, words[i]))
            return true;
    return false;
}

/* "<anna@kommun.example>:", alone on a line, or what the header names. */
static void find_recipient(struct text body, struct text failed, char ret[255]) {
    struct text line;
    ret[0] = '\0';
    if (failed.n && !memchr(failed.p, ',', failed.n)) {
        mail_words(text_trim(failed), ret, 255);
        return;
    }
    while (text_cut(&body, '\n', &line)) {
        line = text_trim(line);
        const char *end = line.n > 3 && line.p[0] == '<' ? memchr(line.p, '>', line.n) : NULL;
        const char *at = end ? memchr(line.p, '@', (size_t)(end - line.p)) : NULL;
        if (!at || end + 1 == line.p + line.n || end[1] != ':')
            continue;
        mail_words((struct text){line.p + 1, (size_t)(end - line.p - 1)}, ret, 255);
        return;
    }
}

/* The paragraph that says why: from the recipient on. */
static struct text why_of(struct text body, const char *recipient) {
    const char *p = recipient[0] ? memmem(body.p, body.n, recipient, strlen(recipient)) : NULL;
    return p ? (struct text){p, body.n - (size_t)(p - body.p)} : body;
}

/* Our own letter stands below; nothing of it says why. */
static struct text without_copy(struct text body) {
    static const char *const lines[] = {"Below this line is a copy", "This is a copy of the",
                                        "Original message", "Received: "};
    for (unsigned i = 0; i < COUNT_OF(lines); i++) {
        const char *p = memmem(body.p, body.n, lines[i], strlen(lines[i]));
        if (p)
            body.n = (size_t)(p - body.p);
    }
    return body;
}

bool mail_plain_read(struct text body, struct text failed, struct mail_report *ret) {
    struct mail_block *block = &ret->block[0];
    struct text words = {body.p, body.n < WORDS_READ ? body.n : WORDS_READ};
    if (!words.n)
        return false;
    words = without_copy(words);
    if (!failed.n && !has_one_of(words, openings, COUNT_OF(openings)))
        return false;
    *block = (struct mail_block){.kind = MAIL_DELAYED};
    find_recipient(words, failed, block->recipient);
    struct text why = why_of(words, block->recipient);
    mail_words(why, block->said, sizeof block->said);
    (void)mail_status_find(why, block->status);
    if (!has_one_of(words, waiting, COUNT_OF(waiting)))
        block->kind = mail_status_kind(block->status, why);
    ret->blocks = 1;
    return true;
}
