#include "services/notifier/letter_inner.h"

#include <cmark.h>
#include <stdlib.h>

static bool is_blank(unsigned char c) {
    return c <= ' ' || c == 0x7f;
}

static bool is_mark(unsigned char c) {
    return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') ||
           (c > 'z' && c < 0x7f);
}

/* A backslash at the end of a line is a hard break, and a line of nothing but one is another: so an
 * empty line of the text stays one, and a paragraph, item or quote around it is not left. */
void letter_escape(struct buf *to, struct text text) {
    text = text_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_blank(c)) {
            unsigned lines = 0;
            for (; i < text.n && is_blank((unsigned char)text.p[i]); i++)
                lines += text.p[i] == '\n';
            i--;
            buf_str(to, lines > 1 ? "\\\n\\\n" : lines == 1 ? "\\\n" : " ");
            continue;
        }
        if (is_mark(c))
            buf_char(to, '\\');
        buf_char(to, (char)c);
    }
}

/* A picture tells its sender who opened the letter: only its words stay. */
static void take_out(cmark_node *node) {
    if (cmark_node_get_type(node) == CMARK_NODE_IMAGE)
        for (cmark_node *child; (child = cmark_node_first_child(node));)
            must(cmark_node_insert_before(node, child));
    cmark_node_unlink(node);
    cmark_node_free(node);
}

static bool is_unwanted(cmark_node *node) {
    cmark_node_type type = cmark_node_get_type(node);
    return type == CMARK_NODE_IMAGE || type == CMARK_NODE_HTML_BLOCK ||
           type == CMARK_NODE_HTML_INLINE;
}

/* On leaving a picture, what is in it has been seen, and the iterator stands beyond it. */
static void clean(cmark_node *root) {
    cmark_iter *iter = cmark_iter_new(root);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iter);
        bool is_leaf = cmark_node_get_type(node) != CMARK_NODE_IMAGE;
        if (is_unwanted(node) && (event == CMARK_EVENT_EXIT || is_leaf))
            take_out(node);
    }
    cmark_iter_free(iter);
}

void letter_markdown(struct text markdown, struct buf *html, struct buf *plain) {
    cmark_node *root = cmark_parse_document(markdown.p, markdown.n, CMARK_OPT_DEFAULT);
    must(root);
    clean(root);
    char *rendered = cmark_render_html(root, CMARK_OPT_SAFE);
    must(rendered);
    buf_str(html, rendered);
    free(rendered);
    letter_plain(root, plain);
    cmark_node_free(root);
}
