#include "proto/describe_inner.h"

#include <string.h>

#include "proto/table.h"

/* How GitHub and its like name the place of a heading. */
static void add_anchor(const char *heading, struct buf *to) {
    buf_char(to, '#');
    for (const char *p = heading; *p; p++)
        if (*p != '.')
            buf_char(to, *p);
}

static bool is_same_family(const char *a, const char *b) {
    size_t n = strcspn(a, ".");

    return strncmp(a, b, n + 1) == 0;
}

static void add_contents(struct buf *to) {
    for (unsigned i = 0; i < MSG_COUNT; i++) {
        const char *name = msg_shapes[i].name;
        bool goes_on = i > 0 && is_same_family(msg_shapes[i - 1].name, name);
        buf_str(to, i == 0 ? "- " : goes_on ? " · " : "\n- ");
        buf_printf(to, "[%s](", name);
        add_anchor(name, to);
        buf_char(to, ')');
    }
    buf_str(to, "\n\n");
}

static void add_speakers(unsigned speakers, struct buf *to) {
    static const struct {
        enum speaker speaker;
        const char *word;
    } rows[] = {
        {FRONTEND, "frontends whose key allows it, and operators"},
        {OPERATOR, "operators"},
        {INTAKE, "intake"},
        {SCHEDULER, "the scheduler"},
        {NOTIFIER, "the notifier"},
        {CLI, "the command line"},
    };
    const char *comma = "";

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (speakers & rows[i].speaker) {
            buf_printf(to, "%s%s", comma, rows[i].word);
            comma = ", ";
        }
}

static void add_message(enum msg_type type, struct buf *to) {
    const struct shape *shape = &msg_shapes[type];

    buf_printf(to, "### %s\n\n%s Said by ", shape->name, shape->doc);
    add_speakers(shape->speakers, to);
    buf_str(to, ".\n\n");
    describe_fields(shape, to);
    buf_str(to, "```json\n");
    describe_example(type, to);
    buf_str(to, "\n```\n\n");
}

static void add_messages(struct buf *to) {
    buf_str(to, "## Messages\n\n");
    add_contents(to);
    for (unsigned i = 0; i < MSG_COUNT; i++)
        add_message((enum msg_type)i, to);
}

static void add_parts(struct buf *to) {
    buf_str(to, "## Parts\n\nWhat lists are made of.\n\n");
    for (unsigned i = 0; i < PART_COUNT; i++) {
        buf_printf(to, "### Part %s\n\n%s\n\n", part_shapes[i].name, part_shapes[i].doc);
        describe_fields(&part_shapes[i], to);
    }
}

static void add_codes(struct buf *to) {
    static const struct {
        const char *code, *doc;
    } rows[] = {
#define CODE(NAME, code_, doc_) {code_, doc_},
#include "proto/codes.def"
#undef CODE
    };

    buf_str(to, "## Codes\n\nOf refusals, in `error.code`.\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_printf(to, "| `%s` | %s |\n", rows[i].code, rows[i].doc);
    buf_char(to, '\n');
}

static void add_facts(struct buf *to) {
    static const struct {
        const char *type, *doc;
    } rows[] = {
#define FACT(NAME, type_, doc_) {type_, doc_},
#include "proto/facts.def"
#undef FACT
    };

    buf_str(to,
            "## Facts\n\nWhat is so now, numbered without gaps and published on `run/facts.ipc` "
            "(PUB): the topic is the\ntype, the body is [record fact](#record-fact).\n\n"
            "| type | meaning |\n|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_printf(to, "| `%s` | %s |\n", rows[i].type, rows[i].doc);
    buf_char(to, '\n');
}

static void add_links(struct buf *to) {
    static const struct {
        const char *name, *message, *kind, *value;
        int days;
        const char *doc;
    } rows[] = {
#define LETTER_LINK(name_, message_, kind_, value_, days_, doc_)                                   \
    {#name_, message_, #kind_, value_, days_, doc_},
#include "proto/links.def"
#undef LETTER_LINK
    };

    buf_str(
        to,
        "## Links in letters\n\n`{{link.NAME}}` in a letter. A GET shows a page, only a POST "
        "acts.\n\nThe address is `link_base` and a token: base64url without padding of the byte "
        "1, four texts\nwith a byte of length before each (what it says, about which id, as whom, "
        "with which value),\nits expiry (milliseconds since 1970, 8 bytes, the highest first; 0: "
        "never) and 16 bytes that\nprove who made it. A frontend may read it to show its page, "
        "but only Cirkel knows whether it is\ngood: `membership.confirm` takes it, and a query as "
        "its `token`.\n\n| name | says | about a | with | good for | meaning |\n"
        "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buf_printf(to, "| `%s` | [%s](", rows[i].name, rows[i].message);
        add_anchor(strcmp(rows[i].message, "query") == 0 ? "queries" : rows[i].message, to);
        buf_printf(to, ") | %s | %s | %d days | %s |\n", rows[i].kind, rows[i].value, rows[i].days,
                   rows[i].doc);
    }
    buf_char(to, '\n');
}

static void add_records(struct buf *to) {
    buf_str(to, "## Records\n\nWhat is kept, encoded as the messages are. Who reads one skips "
                "fields that are not known.\n\n");
    for (unsigned i = 0; i < REC_COUNT; i++) {
        buf_printf(to, "### Record %s\n\n%s\n\n", rec_shapes[i].name, rec_shapes[i].doc);
        describe_fields(&rec_shapes[i], to);
    }
}

static void add_tables(struct buf *to) {
    buf_str(to, "## Tables\n\nOf the store `core`. Its only writer is the scheduler.\n\n"
                "| table | key | record | what |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        const struct table_info *t = &table_infos[i];
        buf_printf(to, "| `%s` | %s | ", t->name, t->key);
        if (t->record != REC_NONE)
            buf_printf(to, "[%s](#record-%s)", rec_shapes[t->record].name,
                       rec_shapes[t->record].name);
        buf_printf(to, " | %s |\n", t->doc);
    }
    buf_char(to, '\n');
}

static void add_frames(struct buf *to) {
    buf_str(to,
            "## Frames\n\nBetween Cirkel's own processes, over ipc: a map with the frame's name "
            "under `t` and its fields. Each\nis a hint or a question: it may be lost and it may "
            "come twice.\n\n");
    for (unsigned i = 0; i < FRAME_COUNT; i++) {
        buf_printf(to, "### Frame %s\n\n%s Said by ", frame_shapes[i].name, frame_shapes[i].doc);
        add_speakers(frame_shapes[i].speakers, to);
        buf_str(to, ".\n\n");
        describe_fields(&frame_shapes[i], to);
    }
}

void describe_protocol(struct buf *to) {
    describe_talk(to);
    add_messages(to);
    describe_queries(to);
    add_parts(to);
    add_codes(to);
    add_facts(to);
    add_links(to);
    describe_machines(to);
    add_records(to);
    add_tables(to);
    add_frames(to);
    if (!to->over) /* one line end at the end, not two */
        to->n--;
}
