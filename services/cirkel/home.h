/* home - the folder that holds everything, and where what was shipped with the program lies.
 *
 * ERRORS     What the user must know is said on stderr, with what to do next; then an exit code.
 */
#ifndef CIRKEL_HOME_H
#define CIRKEL_HOME_H

#include "common/base.h"

#define HOME_DEFAULT "./cirkel-home"
#define HOME_PATH 4096
#define HOME_NAME_MAX 88 /* bytes: a socket's path ends at 107 */

/* "HOME/name"; must() fit: longer homes are refused by home_need(). */
void home_path(char ret[HOME_PATH], const char *home, const char *name);
bool home_is_trial(const char *home);
/* Time in this process is that home's from now on: virtual (true) where a trial home has a clock of
 * its own, else the machine's. */
bool home_use_clock(const char *home);
bool home_is_in_use(const char *home); /* somebody runs in it; asks by taking its locks */
bool home_is_served(const char *home); /* somebody listens there */
/* 0, or an exit code when there is no home; says how to make one. */
MUST_CHECK int home_need(const char *home);
/* Before files are made in it: an exit code for root, where the service is another user's. */
MUST_CHECK int home_need_own(const char *home);
/* Parts of a home: 0 or -errno. */
MUST_CHECK int home_make_folders(const char *home);
MUST_CHECK int home_make_keys(const char *home, bool trial);
/* Settings, rules and letters: a file, or the files of a folder, which is made. 0 or -errno. */
MUST_CHECK int home_copy_file(const char *from, const char *to);
MUST_CHECK int home_copy_folder(const char *from, const char *to);
/* Makes a trial home when there is none; an exit code when there is one that is no trial, or whose
 * letters do not only become files. */
MUST_CHECK int home_need_trial(const char *home);

/* The program beside this one, or where it was installed; -ENOENT. */
MUST_CHECK int home_program(const char *name, char ret[HOME_PATH]);
/* What was shipped: rules, letters, samples/…; -ENOENT. */
MUST_CHECK int home_shipped(const char *name, char ret[HOME_PATH]);

#endif
