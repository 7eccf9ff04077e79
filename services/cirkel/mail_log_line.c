#include "services/cirkel/mail_log_line.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *before; /* what stands right before it */
    bool is_bare;       /* it may be without its brackets, as Exim writes it */
} places[] = {
    {"message-id=", false}, {"message-id: ", false}, {"msgid=", false}, {" id=", true},
    {",", false}, /* a column of Exchange's tracking log */
    {"\"", false},
};

/* word@domain */
static bool is_id(struct text t) {
    bool has_at = false;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] <= ' ' || t.p[i] > '~' || t.p[i] == '<' || t.p[i] == '>')
            return false;
        has_at |= t.p[i] == '@';
    }
    return has_at && t.n <= MAIL_LOG_ID - 3;
}

static bool keep(struct text id, char ret[MAIL_LOG_ID]) {
    if (!is_id(id))
        return false;
    ret[0] = '<';
    memcpy(ret + 1, id.p, id.n);
    memcpy(ret + 1 + id.n, ">", 2);
    return true;
}

static bool take_id(struct text rest, bool is_bare, char ret[MAIL_LOG_ID]) {
    struct text word = {rest.p, 0};
    if (rest.n && rest.p[0] == '<') {
        const char *end = memchr(rest.p, '>', rest.n);
        return end && keep((struct text){rest.p + 1, (size_t)(end - rest.p) - 1}, ret);
    }
    while (is_bare && word.n < rest.n && rest.p[word.n] > ' ')
        word.n++;
    return keep(word, ret);
}

static void find_id(struct text line, char ret[MAIL_LOG_ID]) {
    if (line.n > 1 && line.p[0] == '<' && line.p[line.n - 1] == '>' &&
        keep((struct text){line.p + 1, line.n - 2}, ret))
        return;
    for (unsigned w = 0; w < COUNT_OF(places); w++) {
        size_t n = strlen(places[w].before);
        for (size_t i = 0; i + n < line.n; i++) {
            struct text rest = {line.p + i + n, line.n - i - n};
            if (strncasecmp(line.p + i, places[w].before, n) == 0 &&
                take_id(rest, places[w].is_bare, ret))
                return;
        }
    }
}

/* "… postfix/cleanup[411]: 4F2A: message-id=<…>" */
static struct text queue_of(struct text line, const char *program, const char *before) {
    const char *p = memmem(line.p, line.n, program, strlen(program)), *end;
    struct text rest;
    if (!p)
        return TEXT_NONE;
    rest = (struct text){p, line.n - (size_t)(p - line.p)};
    p = memmem(rest.p, rest.n, "]: ", 3);
    if (!p)
        return TEXT_NONE;
    p += 3;
    end = memmem(p, (size_t)(rest.p + rest.n - p), before, strlen(before));
    return end ? (struct text){p, (size_t)(end - p)} : TEXT_NONE;
}

void mail_log_line(struct text line, struct mail_log_line *ret) {
    *ret = (struct mail_log_line){.queue = TEXT_NONE};
    line = text_trim(line);
    if (!line.n)
        return;
    ret->queue = queue_of(line, "/qmgr[", ": from=");
    ret->is_taken = ret->queue.n && memmem(line.p, line.n, "(queue active)", 14);
    if (ret->queue.n)
        return;
    find_id(line, ret->id);
    if (ret->id[0])
        ret->queue = queue_of(line, "/cleanup[", ": message-id=");
}
