/* config_set - settings, rules and letters as one thing that is put into a home.
 *
 * In the home: `coming` is what may be put in force, `previous` what was before.
 * ERRORS     0 or -errno, with the path in *reterr.
 */
#ifndef CIRKEL_CONFIG_SET_H
#define CIRKEL_CONFIG_SET_H

#include "common/base.h"

#define CONFIG_COMING "coming"
#define CONFIG_PREVIOUS "previous"

/* Copies DIR to HOME/coming; what DIR has not (of cirkel.conf, rules, letters) is the home's. */
MUST_CHECK int config_set_prepare(const char *home, const char *dir, struct buf *reterr);
/* Changes HOME/coming with what is in force, one name after the other, and calls it `previous`.
 * *ret_settings: whether cirkel.conf is another one. */
MUST_CHECK int config_set_install(const char *home, bool *ret_settings, struct buf *reterr);
/* Takes HOME/coming away. */
void config_set_forget(const char *home);

#endif
