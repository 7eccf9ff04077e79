/* settings - what cirkel.conf says (settings.def), read once at start and again on SIGHUP. */
#ifndef PROTO_SETTINGS_H
#define PROTO_SETTINGS_H

#include "common/base.h"

#define SETTING_TYPE_TEXT char *
#define SETTING_TYPE_INT int64_t
#define SETTING_TYPE_SPAN msec
struct settings { /* texts are owned; settings_free() frees them */
#define SETTING(kind, name, fallback, least, most, doc) SETTING_TYPE_##kind name;
#include "proto/settings.def"
#undef SETTING
};

/* Reads `home`/cirkel.conf; 0, or -EINVAL with "FILE:LINE: what is wrong, what is expected" lines.
 */
MUST_CHECK int settings_read(const char *home, struct settings *ret, struct buf *reterr);
void settings_free(struct settings *settings);
void settings_print(struct buf *to); /* a complete cirkel.conf with every default and its meaning */

/* A file or folder that a setting names: a relative path begins in the home. -ENAMETOOLONG. */
MUST_CHECK int settings_path(const char *home, const char *name, char *ret, size_t size);

#endif
