#include "services/notifier/letter_inner.h"

#include <cmark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH 72
#define LEVELS 16 /* of lists and quotes that are indented */
#define PREFIX_MAX (LEVELS * 12)

/* One list, item or quote around what is written. */
struct level {
    size_t prefix; /* how much of the prefix was there before */
    int number;    /* of the next item; 0: a bullet */
    bool is_tight;
};

struct plain {
    struct buf *to;
    struct buf words; /* of the block at hand */
    size_t link_at;   /* where the text of a link begins in it */
    char prefix[PREFIX_MAX];
    size_t prefix_n;
    size_t gap;      /* how much of it this block shares with the one before */
    char marker[16]; /* stands in the first line instead of the prefix's end */
    struct level levels[LEVELS];
    unsigned depth, too_deep;
    bool begun, is_tight;
};

static size_t width_of(const char *p, size_t n) {
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)p[i] & 0xc0) != 0x80;
    return width;
}

/* The beginning of a line; the first of an item carries its marker. */
static void begin_line(struct plain *p) {
    size_t marker = strlen(p->marker);
    must(marker <= p->prefix_n);
    buf_add(p->to, p->prefix, p->prefix_n - marker);
    buf_str(p->to, p->marker);
    p->marker[0] = '\0';
}

static void write_empty(struct plain *p, size_t prefix) {
    while (prefix > 0 && p->prefix[prefix - 1] == ' ')
        prefix--;
    buf_add(p->to, p->prefix, prefix);
    buf_char(p->to, '\n');
}

/* An empty line between blocks, but not inside a tight list. */
static void begin_block(struct plain *p) {
    if (p->begun && !p->is_tight)
        write_empty(p, p->gap);
    p->begun = true;
    p->gap = p->prefix_n;
}

static void write_line(struct plain *p, struct text line) {
    size_t column = 0;
    struct text word;
    if (text_trim(line).n == 0) {
        write_empty(p, p->prefix_n);
        return;
    }
    begin_line(p);
    while (text_cut(&line, ' ', &word)) {
        size_t width = width_of(word.p, word.n);
        if (width == 0)
            continue;
        if (column > 0 && column + 1 + width + p->prefix_n > LINE_WIDTH) {
            buf_char(p->to, '\n');
            begin_line(p);
            column = 0;
        }
        if (column > 0)
            buf_char(p->to, ' ');
        buf_text(p->to, word);
        column += width + 1;
    }
    buf_char(p->to, '\n');
}

static void end_words(struct plain *p) {
    struct text rest = buf_as_text(&p->words), line;
    if (rest.n == 0)
        return;
    begin_block(p);
    while (text_cut(&rest, '\n', &line))
        write_line(p, line);
    buf_clear(&p->words);
}

static void write_code(struct plain *p, const char *literal) {
    struct text rest = text_of(literal), line;
    begin_block(p);
    while (text_cut(&rest, '\n', &line)) {
        begin_line(p);
        buf_str(p->to, "    ");
        buf_text(p->to, line);
        buf_char(p->to, '\n');
    }
}

/* What follows the text of a link: its address, if that is not the text itself. */
static void end_link(struct plain *p, const char *url) {
    struct text address = text_of(url), words = buf_as_text(&p->words);
    if (text_starts(address, "mailto:"))
        address = text_of(url + strlen("mailto:"));
    if (p->words.over || words.n < p->link_at)
        return;
    struct text shown = {words.p + p->link_at, words.n - p->link_at};
    if (address.n == 0 || text_eq(shown, address))
        return;
    if (shown.n)
        buf_str(&p->words, ": ");
    buf_text(&p->words, address);
}

static void push(struct plain *p, struct level level, const char *indent) {
    if (p->too_deep || p->depth == LEVELS || p->prefix_n + strlen(indent) > PREFIX_MAX) {
        p->too_deep++;
        return;
    }
    level.prefix = p->prefix_n;
    memcpy(p->prefix + p->prefix_n, indent, strlen(indent));
    p->prefix_n += strlen(indent);
    p->levels[p->depth++] = level;
    p->is_tight = level.is_tight;
}

static void pop(struct plain *p) {
    if (p->too_deep) {
        p->too_deep--;
        return;
    }
    p->prefix_n = p->levels[--p->depth].prefix;
    p->marker[0] = '\0';
    if (p->gap > p->prefix_n)
        p->gap = p->prefix_n;
    p->is_tight = p->depth > 0 && p->levels[p->depth - 1].is_tight;
}

static void begin_item(struct plain *p) {
    struct level *list = p->depth ? &p->levels[p->depth - 1] : NULL;
    char marker[sizeof p->marker] = "- ", indent[sizeof p->marker];
    if (p->too_deep || !list) {
        p->too_deep++;
        return;
    }
    if (list->number > 0)
        (void)snprintf(marker, sizeof marker, "%d. ", list->number++);
    size_t n = strlen(marker);
    memset(indent, ' ', n);
    indent[n] = '\0';
    bool is_tight = list->is_tight;
    push(p, (struct level){.is_tight = is_tight}, indent);
    if (!p->too_deep)
        memcpy(p->marker, marker, sizeof marker);
}

/* A list is parted from what stands before it also when it is tight itself. */
static void begin_list(struct plain *p, cmark_node *node) {
    if (p->depth == 0 && p->begun)
        buf_char(p->to, '\n');
    bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int number = cmark_node_get_list_start(node);
    push(p,
         (struct level){.number = is_ordered ? (number > 0 ? number : 1) : 0,
                        .is_tight = cmark_node_get_list_tight(node)},
         "");
    if (p->depth <= 1)
        p->begun = false;
}

static void enter(struct plain *p, cmark_node *node) {
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
        push(p, (struct level){0}, "> ");
        break;
    case CMARK_NODE_LIST:
        begin_list(p, node);
        break;
    case CMARK_NODE_ITEM:
        begin_item(p);
        break;
    case CMARK_NODE_CODE_BLOCK:
        write_code(p, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        buf_str(&p->words, "* * *");
        end_words(p);
        break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE:
        buf_text(&p->words, text_of(cmark_node_get_literal(node)));
        break;
    case CMARK_NODE_SOFTBREAK:
        buf_char(&p->words, ' ');
        break;
    case CMARK_NODE_LINEBREAK:
        buf_char(&p->words, '\n');
        break;
    case CMARK_NODE_LINK:
        p->link_at = p->words.n;
        break;
    default:
        break;
    }
}

static void leave(struct plain *p, cmark_node *node) {
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
        end_words(p);
        break;
    case CMARK_NODE_BLOCK_QUOTE:
    case CMARK_NODE_LIST:
    case CMARK_NODE_ITEM:
        pop(p);
        break;
    case CMARK_NODE_LINK:
        end_link(p, cmark_node_get_url(node));
        break;
    default:
        break;
    }
}

void letter_plain(struct cmark_node *root, struct buf *to) {
    struct plain p = {.to = to};
    buf_init(&p.words, LETTER_MAX * 2);
    cmark_iter *iter = cmark_iter_new(root);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;)
        if (event == CMARK_EVENT_ENTER)
            enter(&p, cmark_iter_get_node(iter));
        else
            leave(&p, cmark_iter_get_node(iter));
    cmark_iter_free(iter);
    if (p.words.over)
        to->over = true;
    buf_free(&p.words);
}
