#include "common/ical.h"

#include <stdio.h>
#include <time.h>

#define LINE_BYTES 75 /* a fold's space is one of them */
#define LINE_MOST ((size_t)1 << 20)

static bool goes_on(char c) { /* inside a character of several bytes */
    return ((unsigned char)c & 0xC0) == 0x80;
}

void ical_line(struct buf *to, const char *name, struct text value) {
    struct buf line;
    size_t column = 0;
    buf_init(&line, LINE_MOST);
    buf_printf(&line, "%s:%.*s", name, TEXT_ARGS(value));
    for (size_t i = 0; i < line.n;) {
        size_t n = 1;
        while (i + n < line.n && goes_on(line.p[i + n]))
            n++;
        if (column + n > LINE_BYTES) {
            buf_str(to, "\r\n ");
            column = 1;
        }
        buf_add(to, line.p + i, n);
        column += n;
        i += n;
    }
    buf_str(to, "\r\n");
    buf_free(&line);
}

void ical_text(struct buf *to, const char *name, struct text value) {
    struct buf escaped;
    buf_init(&escaped, LINE_MOST);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\n') {
            buf_str(&escaped, "\\n");
            continue;
        }
        if (c == '\\' || c == ';' || c == ',')
            buf_char(&escaped, '\\');
        if ((unsigned char)c >= ' ')
            buf_char(&escaped, c);
    }
    ical_line(to, name, buf_as_text(&escaped));
    buf_free(&escaped);
}

void ical_instant(struct buf *to, const char *name, instant at) {
    char text[32];
    time_t seconds = (time_t)(at / SECONDS);
    struct tm tm;
    must(gmtime_r(&seconds, &tm));
    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm);
    ical_line(to, name, text_of(text));
}
