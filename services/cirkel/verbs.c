#include "services/cirkel/verbs.h"

#include <stdarg.h>
#include <stdio.h>

static int complain_about(int code, const char *fmt, va_list args) {
    fputs("cirkel: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    return code;
}

int trouble(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int code = complain_about(EXIT_TROUBLE, fmt, args);
    va_end(args);
    return code;
}

int usage(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int code = complain_about(EXIT_USAGE, fmt, args);
    va_end(args);
    return code;
}
