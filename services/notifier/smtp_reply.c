#include "services/notifier/smtp_reply.h"

#include <stdio.h>
#include <string.h>

#define ADDRESS_MOST 254

static const char *const step_names[SMTP_STEPS] = {
    [SMTP_CONNECT] = "connect", [SMTP_EHLO] = "EHLO", [SMTP_STARTTLS] = "STARTTLS",
    [SMTP_AUTH] = "AUTH",       [SMTP_MAIL] = "MAIL", [SMTP_RCPT] = "RCPT",
    [SMTP_DATA] = "DATA",       [SMTP_BODY] = "body", [SMTP_DOT] = "dot"};

static const char *const trouble_names[SMTP_TROUBLES] = {[SMTP_FINE] = "none",
                                                         [SMTP_UNREACHABLE] = "unreachable",
                                                         [SMTP_LOST] = "lost",
                                                         [SMTP_SLOW] = "slow",
                                                         [SMTP_TLS] = "tls",
                                                         [SMTP_LOGIN] = "login",
                                                         [SMTP_FLOOD] = "flood",
                                                         [SMTP_EARLY] = "early",
                                                         [SMTP_NOT_ARMED] = "not-armed",
                                                         [SMTP_LEASE_OVER] = "lease-over",
                                                         [SMTP_STOPPED] = "stopped"};

static const char *const trouble_words[SMTP_TROUBLES] = {
    [SMTP_FINE] = "no answer that can be read",
    [SMTP_UNREACHABLE] = "the server cannot be reached",
    [SMTP_LOST] = "the connection was lost",
    [SMTP_SLOW] = "no answer in time",
    [SMTP_TLS] = "no TLS as it is required",
    [SMTP_LOGIN] = "the login was refused",
    [SMTP_FLOOD] = "the server said far too much",
    [SMTP_EARLY] = "the server spoke or hung up before the letter ended",
    [SMTP_NOT_ARMED] = "the arm did not come in time; the letter was not ended",
    [SMTP_LEASE_OVER] = "the lease was over; the letter was not ended",
    [SMTP_STOPPED] = "it was stopped"};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "250-", "250 " or "250" and nothing more; 0 for anything else. */
static int code_of(const char *p, size_t n) {
    if (n < 3 || p[0] < '2' || p[0] > '5' || !is_digit(p[1]) || !is_digit(p[2]))
        return 0;
    if (n > 3 && p[3] != ' ' && p[3] != '-')
        return 0;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

static void keep(struct smtp_reply *reply, const char *p, size_t n) {
    for (size_t i = 0; i < n && reply->n < SMTP_REPLY_TEXT; i++)
        reply->text[reply->n++] = p[i] >= ' ' && p[i] <= '~' ? p[i] : '?';
    reply->text[reply->n] = '\0';
}

bool smtp_reply_line(struct smtp_reply *reply, struct bytes line) {
    const char *p = line.p;
    size_t n = line.n;
    if (reply->is_whole)
        return true;
    while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' '))
        n--;
    if (++reply->lines > SMTP_REPLY_LINES)
        return false;
    int code = code_of(p, n);
    if (!code || (reply->code && code != reply->code))
        return true;
    if (!reply->code) {
        keep(reply, p, 3);
        reply->code = code;
    }
    if (n > 4) {
        keep(reply, " ", 1);
        keep(reply, p + 4, n - 4);
    }
    reply->is_whole = n == 3 || p[3] == ' ';
    return true;
}

/* The enhanced status code (RFC 3463) that follows the code, as "5.1.1"; empty when there is none
 * or when it contradicts the code. */
static struct text status_of(const struct smtp_reply *reply) {
    const char *p = reply->text + 4;
    size_t n = 0;
    unsigned dots = 0;
    if (reply->n < 9 || p[0] != reply->text[0] || p[1] != '.')
        return TEXT_NONE;
    for (; n < reply->n - 4 && n < 9 && (is_digit(p[n]) || p[n] == '.'); n++)
        dots += p[n] == '.';
    bool is_good = dots == 2 && p[2] != '.' && p[n - 1] != '.' && (p[n] == ' ' || p[n] == '\0');
    return is_good ? (struct text){p, n} : TEXT_NONE;
}

/* Is it the recipient's address that is refused? A status code says so or not; without one, the
 * codes of RFC 5321 for mailboxes do. 5.1.7 and 5.1.8 are about the sender's address. */
static bool is_about_recipient(enum smtp_step step, const struct smtp_reply *reply) {
    struct text status = status_of(reply);
    if (text_starts(status, "5.1."))
        return step != SMTP_MAIL && !text_is(status, "5.1.7") && !text_is(status, "5.1.8");
    if (text_is(status, "5.2.1"))
        return step != SMTP_MAIL;
    if (status.n > 0 && !text_starts(status, "5.0."))
        return false;
    return step == SMTP_RCPT && (reply->code == 550 || reply->code == 551 || reply->code == 553);
}

/* Before MAIL the server refuses us, not the letter; and so it does when it wants a login or TLS.
 */
static bool is_about_us(enum smtp_step step, int code) {
    return step < SMTP_MAIL || code == 530 || code == 534 || code == 535 || code == 538;
}

static void decide(enum smtp_step step, enum smtp_trouble trouble, const struct smtp_reply *reply,
                   struct smtp_verdict *ret) {
    int kind = reply->is_whole ? reply->code / 100 : 0;
    if (kind == 2 && step == SMTP_DOT) {
        ret->word = "accepted";
    } else if (kind == 5 && !is_about_us(step, reply->code)) {
        ret->word = "failed";
        ret->bounced = is_about_recipient(step, reply);
    } else if (kind == 4 || kind == 5) {
        ret->word = "deferred";
        ret->relay = is_about_us(step, reply->code);
    } else if (step == SMTP_DOT) {
        ret->word = "unknown";
    } else {
        ret->word = "deferred";
        ret->relay = step < SMTP_MAIL && trouble != SMTP_STOPPED;
    }
}

void smtp_judge(enum smtp_step step, enum smtp_trouble trouble, const struct smtp_reply *reply,
                const char *detail, struct smtp_verdict *ret) {
    *ret = (struct smtp_verdict){.word = NULL};
    decide(step, trouble, reply, ret);
    ret->has_answer = !ret->relay && (step > SMTP_MAIL || (step == SMTP_MAIL && reply->is_whole));
    bool is_answer = reply->is_whole && (reply->code >= 400 || strcmp(ret->word, "accepted") == 0);
    struct text status = status_of(reply);
    if (is_answer)
        (void)snprintf(ret->reply, sizeof ret->reply, "%s: %s", step_names[step], reply->text);
    else
        (void)snprintf(ret->reply, sizeof ret->reply, "%s: %s%s%.120s", step_names[step],
                       trouble_words[trouble], detail[0] ? ": " : "", detail);
    for (char *p = ret->reply; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    (void)snprintf(ret->why, sizeof ret->why, "step=%s code=%d status=%.*s trouble=%s",
                   step_names[step], reply->code, TEXT_ARGS(status),
                   is_answer ? "none" : trouble_names[trouble]);
}

bool smtp_step_of(struct bytes command, enum smtp_step *ret) {
    static const struct {
        const char *word;
        enum smtp_step step;
    } words[] = {{"EHLO ", SMTP_EHLO}, {"HELO ", SMTP_EHLO}, {"STARTTLS", SMTP_STARTTLS},
                 {"AUTH ", SMTP_AUTH}, {"MAIL ", SMTP_MAIL}, {"RCPT ", SMTP_RCPT},
                 {"DATA\r", SMTP_DATA}};
    struct text text = {command.p, command.n};
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (text_starts(text, words[i].word)) {
            *ret = words[i].step;
            return true;
        }
    return false;
}

bool smtp_address_is_safe(struct text address) {
    if (address.n == 0 || address.n > ADDRESS_MOST || !memchr(address.p, '@', address.n))
        return false;
    for (size_t i = 0; i < address.n; i++) {
        unsigned char c = (unsigned char)address.p[i];
        if (c <= ' ' || c == 0x7f || c == '<' || c == '>')
            return false;
    }
    return true;
}
