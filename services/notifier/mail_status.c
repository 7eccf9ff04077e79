/* mail_status - delivery reports: fields, blocks and status codes. */
#include "services/notifier/mail_report_inner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- fields ---- */

static struct text line_of(struct text *rest) {
    struct text line = TEXT_NONE;
    if (!text_cut(rest, '\n', &line))
        return TEXT_NONE;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static void join(char *room, size_t size, struct text more) {
    size_t n = strlen(room);
    more = text_trim(more);
    if (more.n && n + 2 < size)
        (void)snprintf(room + n, size - n, "%s%.*s", n ? " " : "", TEXT_ARGS(more));
}

bool mail_field(struct text *rest, struct text *ret_name, char *room, size_t size) {
    room[0] = '\0';
    while (rest->n) {
        struct text line = line_of(rest);
        if (!text_trim(line).n)
            return false;
        const char *colon = memchr(line.p, ':', line.n);
        if (!colon || is_blank(line.p[0]))
            continue; /* no field: whatever it is, it is passed over */
        *ret_name = text_trim((struct text){line.p, (size_t)(colon - line.p)});
        join(room, size, (struct text){colon + 1, line.n - (size_t)(colon + 1 - line.p)});
        while (rest->n && is_blank(rest->p[0]))
            join(room, size, line_of(rest));
        return true;
    }
    return false;
}

/* ---- status codes ---- */

static size_t digits(struct text t, size_t at) {
    size_t n = 0;
    while (n < 3 && at + n < t.n && isdigit((unsigned char)t.p[at + n]))
        n++;
    return n;
}

/* The bytes of the code a text begins with; 0: it does not. No part of an address of the network is
 * one. */
static size_t code_at(struct text t) {
    if (t.n < 5 || !strchr("245", t.p[0]) || t.p[1] != '.')
        return 0;
    size_t subject = digits(t, 2), detail = digits(t, 3 + subject), n = 3 + subject + detail;
    if (!subject || !detail || t.p[2 + subject] != '.')
        return 0;
    bool goes_on =
        n < t.n && (isalnum((unsigned char)t.p[n]) ||
                    (t.p[n] == '.' && n + 1 < t.n && isdigit((unsigned char)t.p[n + 1])));
    return goes_on ? 0 : n;
}

bool mail_status_find(struct text in, char ret[16]) {
    for (size_t i = 0; i < in.n; i++) {
        bool begins = i == 0 || !(isalnum((unsigned char)in.p[i - 1]) || in.p[i - 1] == '.');
        size_t n = begins ? code_at((struct text){in.p + i, in.n - i}) : 0;
        if (n && text_copy((struct text){in.p + i, n}, ret, 16) == 0)
            return true;
    }
    ret[0] = '\0';
    return false;
}

/* The codes that say that an address is not, or is no more. A full mailbox, a policy, a loop, a
 * sender who is not liked: those pass, or are not the address. */
static bool is_about_address(const char *status) {
    static const char *const codes[] = {"5.1.0", "5.1.1", "5.1.2",  "5.1.3", "5.1.4", "5.1.5",
                                        "5.1.6", "5.1.9", "5.1.10", "5.2.1", "5.4.1", "5.4.4"};
    for (unsigned i = 0; i < COUNT_OF(codes); i++)
        if (strcmp(status, codes[i]) == 0)
            return true;
    return false;
}

static bool says_unknown(struct text words) {
    static const char *const unknown[] = {"user unknown",
                                          "unknown user",
                                          "no such user",
                                          "no such recipient",
                                          "no such mailbox",
                                          "does not exist",
                                          "doesn't exist",
                                          "unknown recipient",
                                          "recipient unknown",
                                          "invalid recipient",
                                          "unrouteable address",
                                          "unrouteable mail domain",
                                          "no mailbox here",
                                          "mailbox not found",
                                          "mailbox unavailable",
                                          "recipient not found",
                                          "recipientnotfound",
                                          "recipnotfound",
                                          "unknown address",
                                          "address rejected: unknown",
                                          "host or domain name not found",
                                          "account is disabled",
                                          "mailbox disabled"};
    for (unsigned i = 0; i < COUNT_OF(unknown); i++)
        if (mail_has(words, unknown[i]))
            return true;
    return false;
}

enum mail_kind mail_status_kind(const char *status, struct text words) {
    char inner[16];
    bool vague = !status[0] || strcmp(status, "5.0.0") == 0;
    if (vague && mail_status_find(words, inner) && strcmp(inner, "5.0.0"))
        return inner[0] == '5' && is_about_address(inner) ? MAIL_HARD : MAIL_SOFT;
    if (vague)
        return says_unknown(words) ? MAIL_HARD : MAIL_SOFT;
    return is_about_address(status) ? MAIL_HARD : MAIL_SOFT;
}

/* ---- delivery reports ---- */

/* "rfc822; anna@kommun.example", or with angles. */
static void copy_address(const char *value, char ret[255]) {
    const char *semicolon = strchr(value, ';');
    struct text t = text_trim(text_of(semicolon ? semicolon + 1 : value));
    if (t.n > 2 && t.p[0] == '<' && t.p[t.n - 1] == '>')
        t = (struct text){t.p + 1, t.n - 2};
    mail_words(t, ret, 255);
}

static void take_field(struct mail_block *block, struct text name, const char *value,
                       char action[16]) {
    if (mail_is(name, "Original-Recipient") ||
        (mail_is(name, "Final-Recipient") && !block->recipient[0]))
        copy_address(value, block->recipient);
    else if (mail_is(name, "Action"))
        mail_words(text_of(value), action, 16);
    else if (mail_is(name, "Status"))
        (void)mail_status_find(text_of(value), block->status);
    else if (mail_is(name, "Diagnostic-Code"))
        mail_words(text_of(value), block->said, sizeof block->said);
}

static bool decide(struct mail_block *block, const char *action) {
    struct text word = text_of(action);
    char inner[16];
    if (mail_is(word, "delivered"))
        block->kind = MAIL_DELIVERED;
    else if (mail_is(word, "relayed") || mail_is(word, "expanded"))
        block->kind = MAIL_RELAYED;
    else if (mail_is(word, "delayed"))
        block->kind = MAIL_DELAYED;
    else if (mail_is(word, "failed"))
        block->kind = mail_status_kind(block->status, text_of(block->said));
    else
        return false;
    bool vague = !block->status[0] || strcmp(block->status + 1, ".0.0") == 0;
    if (vague && mail_status_find(text_of(block->said), inner))
        memcpy(block->status, inner, sizeof inner);
    return true;
}

/* The first block is about the message; those after it about a recipient each. */
void mail_status_read(struct text body, struct mail_report *ret) {
    struct text name;
    char value[1000];
    while (body.n && ret->blocks < MAIL_BLOCKS) {
        struct mail_block block = {.kind = MAIL_STRANGE};
        char action[16] = "";
        while (mail_field(&body, &name, value, sizeof value))
            take_field(&block, name, value, action);
        if (decide(&block, action))
            ret->block[ret->blocks++] = block;
    }
}

static bool is_of(const struct mail_block *block, struct text address) {
    return strlen(block->recipient) == address.n &&
           strncasecmp(block->recipient, address.p, address.n) == 0;
}

void mail_report_of(const struct mail_report *report, struct text address, struct mail_block *ret) {
    const struct mail_block *best = NULL;
    bool named = false;
    for (unsigned i = 0; i < report->blocks; i++) {
        const struct mail_block *block = &report->block[i];
        named |= block->recipient[0] != '\0';
        if (address.n && is_of(block, address)) {
            *ret = *block;
            return;
        }
        if (!best || block->kind < best->kind)
            best = block;
    }
    *ret = best ? *best : (struct mail_block){.kind = MAIL_STRANGE};
    if (named && ret->kind == MAIL_HARD)
        ret->kind = MAIL_SOFT;
}
