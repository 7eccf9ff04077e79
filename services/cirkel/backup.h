/* backup - what a backup consists of, and the small file in it that tells where it comes from. */
#ifndef CIRKEL_BACKUP_H
#define CIRKEL_BACKUP_H

#include "common/base.h"

struct backup {    /* the file `backup` in its folder */
    char made[32]; /* RFC 3339 */
    int64_t instance, generation;
    int64_t position, input; /* the last event applied, the last row of inputs */
    char clock[32];          /* of a trial home, its virtual clock, RFC 3339; "" when it has none */
};
MUST_CHECK int backup_read(const char *folder, struct backup *ret);
MUST_CHECK int backup_write(const char *folder, const struct backup *backup);

/* Copies the files of a folder; what is not there is no trouble. */
MUST_CHECK int backup_copy_folder(const char *from, const char *to, const char *name);
/* Settings, rules and letters; keys too. */
MUST_CHECK int backup_copy_config(const char *from, const char *to);
MUST_CHECK int backup_copy_keys(const char *from, const char *to);
/* 0, -EEXIST when there is something in it, or another -errno; absent is empty. */
MUST_CHECK int backup_is_empty(const char *folder);
/* It is the home, or would lie somewhere in it. */
bool backup_is_within(const char *folder, const char *home);

void backup_remove_folder(const char *folder); /* of files */

#endif
