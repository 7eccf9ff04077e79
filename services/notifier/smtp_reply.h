/* smtp_reply - what a mail server says, and what that means for a letter. Pure.
 *
 * TRUST      The server's bytes are not trusted: a reply is at most 100 lines, of which the first
 *            few hundred bytes are kept, as printable ASCII.
 * INVARIANTS Once the dot may have left, only a whole reply decides; anything else is "unknown".
 *            Before that, nothing is.
 */
#ifndef NOTIFIER_SMTP_REPLY_H
#define NOTIFIER_SMTP_REPLY_H

#include "common/base.h"

#define SMTP_REPLY_TEXT 320
#define SMTP_REPLY_LINES 100
#define SMTP_WORDS 480 /* fits the reply of frame RESULT */

/* What was said last by us. */
enum smtp_step {
    SMTP_CONNECT,
    SMTP_EHLO,
    SMTP_STARTTLS,
    SMTP_AUTH,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BODY,
    SMTP_DOT
};
#define SMTP_STEPS (SMTP_DOT + 1)

/* What went wrong, apart from what the server answered. */
enum smtp_trouble {
    SMTP_FINE,
    SMTP_UNREACHABLE,
    SMTP_LOST,
    SMTP_SLOW,
    SMTP_TLS,
    SMTP_LOGIN,
    SMTP_FLOOD,
    SMTP_EARLY,      /* it spoke or hung up before the dot */
    SMTP_NOT_ARMED,  /* no answer to our arm */
    SMTP_LEASE_OVER, /* it came, but the lease was over */
    SMTP_STOPPED     /* by us */
};
#define SMTP_TROUBLES (SMTP_STOPPED + 1)

struct smtp_reply {
    int code; /* 0: nothing that is a reply */
    bool is_whole;
    unsigned lines;
    size_t n;
    char text[SMTP_REPLY_TEXT + 1]; /* code and words, the lines joined */
};

struct smtp_verdict {
    const char *word; /* an outcome of frame RESULT */
    bool bounced;     /* the address itself was refused for good */
    bool relay;       /* the trouble is the server's, not the letter's */
    bool has_answer;  /* it speaks with us about letters */
    char reply[SMTP_WORDS];
    char why[160]; /* for the log: nothing of a person in it */
};

/* One line of the server. False when it says more than we listen to. */
bool smtp_reply_line(struct smtp_reply *reply, struct bytes line);

/* `reply` is what was answered to `step`; `detail` is in our own words or the library's, or "". */
void smtp_judge(enum smtp_step step, enum smtp_trouble trouble, const struct smtp_reply *reply,
                const char *detail, struct smtp_verdict *ret);

/* "MAIL", "MAIL FROM:<…" → SMTP_MAIL; false for what is no step: QUIT, a secret, the rest of a
 * login. */
bool smtp_step_of(struct bytes command, enum smtp_step *ret);

/* Nothing in it can end a command or begin another. */
bool smtp_address_is_safe(struct text address);

#endif
