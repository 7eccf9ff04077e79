/* log - one line an event on stderr, fixed names, key=value (logfmt), ids only.
 *
 *     log_info("event_refused", "seq=%" PRIu64 " type=%s code=%s", seq, type, code);
 *
 * error: someone must look. warn: survived; says what happens next. info: a state changed. debug:
 * for us. One failure, one line, by whoever decided. common/ and proto/ never log.
 * No name, address or free text of a person: the id leads there.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/base.h"

void log_start(const char *process, bool debug); /* the name goes into every line */
void log_debug(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_info(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_error(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* An error for each line: what a file was found to be wrong with. */
void log_error_lines(const char *event, struct text lines);
/* The machine's trouble at start: one line on stderr, exit 1. */
_Noreturn void log_fatal(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
