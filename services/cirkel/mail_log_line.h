/* mail_log_line - what one line of a mail server's log says of a letter. Pure.
 *
 * Exim, sendmail and Exchange name a letter when they have it. Postfix names it while it still
 * reads; that it has the whole of it stands in a line of its queue manager.
 */
#ifndef CIRKEL_MAIL_LOG_LINE_H
#define CIRKEL_MAIL_LOG_LINE_H

#include "common/base.h"

#define MAIL_LOG_ID 202 /* bytes of a Message-ID with its brackets, and their end */

struct mail_log_line {
    char id[MAIL_LOG_ID]; /* "<word@domain>"; empty: none */
    struct text queue;    /* the server's own name for it, in Postfix' lines; borrowed */
    bool is_taken;        /* the whole of `queue` is there */
};
void mail_log_line(struct text line, struct mail_log_line *ret);

#endif
