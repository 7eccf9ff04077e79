/* mail_report - what a message that came back says of a letter of ours. Pure.
 *
 * Read are delivery reports (RFC 3464), complaints (RFC 5965), receipts (RFC 8098), automatic
 * answers (RFC 3834), and the reports of servers that know none of these, as far as they are sure.
 *
 * TRUST      The message is anybody's: it names a letter only by the whole Message-ID, which its
 *            reader and the servers on its way know. At most MAIL_REPORT_READ bytes of it are
 *            looked at, a few levels and parts deep.
 * INVARIANTS What comes out is printable ASCII within its bounds. Whatever is in doubt speaks
 *            against no address: it is soft, or strange.
 */
#ifndef NOTIFIER_MAIL_REPORT_H
#define NOTIFIER_MAIL_REPORT_H

#include "common/base.h"

#define MAIL_REPORT_READ ((size_t)256 * 1024)
#define MAIL_BLOCKS 8
#define MAIL_SAID 300
#define MAIL_ID_MAX 201 /* bytes of a Message-ID, as a row keeps it, and its end */

enum mail_kind { /* of a report, from the best news to the worst; then what is none */
                 MAIL_DELIVERED,
                 MAIL_RELAYED,
                 MAIL_DELAYED,
                 MAIL_SOFT,
                 MAIL_HARD,
                 MAIL_COMPLAINT,
                 MAIL_AUTOMATIC, /* an answer by a machine */
                 MAIL_ANSWER,    /* an answer by a person */
                 MAIL_STRANGE
};

struct mail_block { /* what is said of one recipient */
    enum mail_kind kind;
    char recipient[255]; /* empty: it is not said */
    char status[16];
    char said[MAIL_SAID + 1];
};

struct mail_report {
    enum mail_kind kind;          /* MAIL_DELIVERED stands for every delivery report */
    char message_id[MAIL_ID_MAX]; /* of the letter, with its angles; empty: none of ours is named */
    char subject[400];            /* as it stands there, not decoded */
    unsigned blocks;              /* of a delivery report */
    struct mail_block block[MAIL_BLOCKS];
};

struct mail_house { /* how our letters can be known */
    struct text message_domain;
    struct text bounce_address; /* with "+…" before its @ a report may be addressed to; or absent */
};

/* Once for the process, before the first report is read. */
void mail_report_start(void);
void mail_report_read(struct bytes message, const struct mail_house *house,
                      struct mail_report *ret);

/* What a delivery report says of this address. When it names only others, the bad news may be of
 * somebody the letter was passed on to, so it is soft. */
void mail_report_of(const struct mail_report *report, struct text address, struct mail_block *ret);

#endif
