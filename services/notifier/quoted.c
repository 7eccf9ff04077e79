#include "services/notifier/quoted.h"

#define QUOTED_LINE 76 /* the soft break's own "=" included */

static bool is_plain(struct text line, size_t i) {
    char c = line.p[i];
    if (c == ' ' || c == '\t')
        return i + 1 < line.n;
    if (i == 0 && (c == '.' || text_starts(line, "From ")))
        return false;
    return c > ' ' && c < 0x7f && c != '=';
}

static void write_line(struct buf *to, struct text line) {
    size_t column = 0;
    for (size_t i = 0; i < line.n; i++) {
        bool is_last = i + 1 == line.n;
        bool as_is = is_plain(line, i);
        size_t width = as_is ? 1 : 3;
        if (column + width > QUOTED_LINE - (is_last ? 0 : 1)) {
            buf_str(to, "=\r\n");
            column = 0; /* this line, too, must not begin with a dot */
            as_is = as_is && line.p[i] != '.' && line.p[i] != 'F';
            width = as_is ? 1 : 3;
        }
        if (as_is)
            buf_char(to, line.p[i]);
        else
            buf_printf(to, "=%02X", (unsigned char)line.p[i]);
        column += width;
    }
    buf_str(to, "\r\n");
}

void quoted_write(struct buf *to, struct text text) {
    struct text line;
    while (text_cut(&text, '\n', &line))
        write_line(to, line);
}
