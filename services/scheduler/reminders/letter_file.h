/* letter_file - letters/NAME.LANG.md as rules name them: read, checked, partials written out. */
#ifndef SCHEDULER_LETTER_FILE_H
#define SCHEDULER_LETTER_FILE_H

#include "services/scheduler/reminders/rule.h"

/* Loads the letter of `rule` in every language into the book and its hashes into the rule.
 * -EBADMSG with lines in *reterr when a file is missing, is no template, or uses a name that no
 * letter about such a subject has. `path` and `line` say where the rule stands. */
MUST_CHECK int letter_load(struct rulebook *book, const char *home, struct rule *rule,
                           const char *path, unsigned line, struct buf *reterr);

#endif
