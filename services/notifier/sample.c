#include "services/notifier/sample.h"

#include "common/json.h"
#include "common/store.h"
#include "proto/table.h"
#include "services/notifier/letter.h"
#include "services/notifier/work_load.h"

#include <errno.h>
#include <stdio.h>

#define LINE_MAX (8u * LETTER_MAX)

struct printing {
    const struct settings *settings;
    struct txn *txn;
    struct letter_writer *writer;
    struct arena *arena;
    struct buf line;
};

static void add(struct buf *line, const char *name, struct text value) {
    buf_printf(line, "%s\"%s\":", line->n > 1 ? "," : "", name);
    json_text(line, value.p ? value : TEXT_LIT(""));
}

static void print(struct printing *p, const struct work_load *load) {
    char why[LETTER_WHY_MAX];
    struct letter letter;
    struct letter_in in = {.row = &load->row,
                           .occasion = &load->occasion,
                           .hash = load->hash,
                           .source = load->source,
                           .settings = p->settings,
                           .arena = p->arena};
    buf_clear(&p->line);
    buf_char(&p->line, '{');
    add(&p->line, "person", load->row.person);
    add(&p->line, "name", load->row.name);
    add(&p->line, "letter", load->row.letter);
    add(&p->line, "language", load->row.language);
    if (load->why) {
        add(&p->line, "error", text_of(load->why));
    } else if (letter_write(p->writer, &in, &letter, why)) {
        add(&p->line, "error", text_of(why));
    } else {
        add(&p->line, "subject", letter.subject);
        add(&p->line, "text", letter.plain);
    }
    buf_str(&p->line, "}\n");
    must(!p->line.over);
    fwrite(p->line.p, 1, p->line.n, stdout);
}

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct printing *p = ctx;
    struct work_load load;
    size_t at = 0;
    uint64_t number;
    (void)value;
    if (!key_next_u64(key, &at, &number))
        return -EBADMSG;
    arena_reset(p->arena);
    int rc = work_load(p->txn, (int64_t)number, p->arena, &load);
    if (rc == 0)
        print(p, &load);
    return rc;
}

int sample_print(const struct settings *settings, const char *dir) {
    struct printing p = {.settings = settings};
    struct store_options o = {.dir = dir, .tables = table_names, .count = TABLE_COUNT};
    struct store *store;
    int rc = store_open(&store, &o);
    if (rc)
        return rc;
    p.writer = letter_writer_new();
    p.arena = arena_new();
    buf_init(&p.line, LINE_MAX);
    rc = store_begin_read(store, &p.txn);
    if (rc == 0)
        rc = store_scan(p.txn, TABLE_LEDGER, (struct bytes){"", 0}, on_row, &p);
    store_abort(&p.txn);
    store_close(&store);
    buf_free(&p.line);
    arena_free(&p.arena);
    letter_writer_free(&p.writer);
    return rc;
}
