/* incoming_inner - one message of the Maildir, and what is to be said of it. */
#ifndef NOTIFIER_INCOMING_INNER_H
#define NOTIFIER_INCOMING_INNER_H

#include "common/token.h"
#include "proto/shape.h"
#include "services/notifier/mail_report.h"

enum incoming_way { /* what becomes of it */
                    WAY_DONE,
                    WAY_UNREAD, /* a person reads it */
                    WAY_FIND,   /* its letter is to be found first */
                    WAY_SAY     /* it is said, then it is done */
};

struct incoming_said {
    enum msg_type type;
    union {
        struct msg_delivery_report report;
        struct msg_preference_set preference;
    } body;
    struct mail_block block; /* what the texts of `report` borrow from */
    struct token token;      /* the same of `preference` */
    char reason[40];         /* for the log, where a person is to read it */
    enum incoming_way after; /* done, or also for a person */
};

/* From the message alone. */
enum incoming_way incoming_judge(const struct mail_report *report, const struct token_key *links,
                                 instant now, struct incoming_said *ret);
/* With the letter it is about; NULL: there is none. */
enum incoming_way incoming_judge_letter(const struct mail_report *report,
                                        const struct rec_ledger *row, struct text ascii_address,
                                        struct incoming_said *ret);
/* The request for the front door under this key. */
void incoming_request(const struct incoming_said *said, const char *id, struct buf *to);

#endif
