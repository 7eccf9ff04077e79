/* config_set - settings, rules and letters as one thing that is put into a home.
 *
 * In the home: `coming` is what may be put in force, `previous` what was before. `installing` is
 * there while the names are changed: from its appearance on the new set is in force, and who finds
 * it changes the rest, so that a home starts with one set or the other, whole, wherever it was
 * left.
 *
 * ERRORS     0 or -errno, with the path in *reterr.
 */
#ifndef CIRKEL_CONFIG_SET_H
#define CIRKEL_CONFIG_SET_H

#include "common/base.h"

#define CONFIG_COMING "coming"
#define CONFIG_PREVIOUS "previous"

/* From before `coming` is made until it is gone or in force, so that nobody puts in force what
 * somebody else has looked at. -EBUSY: another one is at it. close() ends it. */
MUST_CHECK int config_set_lock(const char *home, int *ret_lock, struct buf *reterr);
/* Copies DIR to HOME/coming; what DIR has not (of cirkel.conf, rules, letters) is the home's. */
MUST_CHECK int config_set_prepare(const char *home, const char *dir, struct buf *reterr);
/* HOME/coming is what HOME has, file by file. */
bool config_set_is_in_force(const char *home);
/* Its cirkel.conf is another one. */
bool config_set_has_settings(const char *home);
/* Changes HOME/coming with what is in force, and calls that `previous`. */
MUST_CHECK int config_set_install(const char *home, struct buf *reterr);
/* What a killed install left is carried on; nothing when there is none, or it is at work. */
MUST_CHECK int config_set_finish(const char *home, struct buf *reterr);
/* As home_need(), with the above: 0, or an exit code and why on stderr. */
MUST_CHECK int config_set_need(const char *home);
/* Takes HOME/coming away. */
void config_set_forget(const char *home);

#endif
