/* sample - letters that are only looked at, written out as their readers would get them.
 *
 * TRUST  What is printed goes to whoever asked, and nowhere else. Its links lead nowhere.
 */
#ifndef NOTIFIER_SAMPLE_H
#define NOTIFIER_SAMPLE_H

#include "proto/settings.h"

/* Every letter in the ledger of the store in `dir`, one JSON object a line on stdout: "person",
 * "name", "letter", "language", and "subject" and "text", or why there is none: "error". -errno is
 * the store's. */
MUST_CHECK int sample_print(const struct settings *settings, const char *dir);

#endif
