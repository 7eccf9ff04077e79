/* folder - a folder of its own for a test, in TMPDIR or /tmp, that does not stay behind.
 *
 * INVARIANTS What folder_remove() was not called for goes when the process ends: by itself, by a
 *            failed assertion, by must(), or by a signal it can hear. Under tests/run the folders
 *            of a failed test are kept, as it says.
 * ERRORS     0 or -1, as cmocka wants it of a setup and a teardown.
 */
#ifndef TESTS_HARNESS_FOLDER_H
#define TESTS_HARNESS_FOLDER_H

#include "common/base.h"

#define FOLDER_BYTES 128

MUST_CHECK int folder_make(char ret[FOLDER_BYTES], const char *name);
int folder_empty(const char *path); /* all that is in it */
int folder_remove(const char *path);

#endif
