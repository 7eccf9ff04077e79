/* mail_log - which letters a mail server or a Maildir says it has: Message-IDs from a log (one a
 * line, or as mail servers write them: mail_log_line.h) or from the letters themselves; of a letter
 * of ours the one it has at its first address, whichever it went to.
 *
 * OWNERSHIP  The texts handed out live as long as the mail_log.
 * ERRORS     0 or -errno.
 */
#ifndef CIRKEL_MAIL_LOG_H
#define CIRKEL_MAIL_LOG_H

#include "common/base.h"

struct mail_log;

struct mail_log *mail_log_new(void);
void mail_log_free(struct mail_log **log);

/* A file of log, "-" for the standard input, or a Maildir. -EMEDIUMTYPE: it is compressed. */
MUST_CHECK int mail_log_read(struct mail_log *log, const char *path);
/* Only once all was read: whether it is there, and each of them in turn. */
bool mail_log_has(struct mail_log *log, struct text message_id);
unsigned mail_log_count(struct mail_log *log);
struct text mail_log_at(struct mail_log *log, unsigned i);

#endif
