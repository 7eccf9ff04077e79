#include "services/cirkel/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *arguments;
} verbs[] = {
#define GROUP(title)
#define VERB(name_, function, options, arguments_, line, help) {name_, arguments_},
#include "services/cirkel/verbs.def"
#undef VERB
#undef GROUP
};

static int complain_about(int code, const char *fmt, va_list args) {
    fputs("cirkel: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    return code;
}

const char *verb_arguments(const char *verb) {
    for (unsigned i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].arguments;
    return "";
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
