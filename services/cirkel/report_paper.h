/* report_paper - a report before it is Markdown, HTML or CSV: its parts in order, and what they
 * hold.
 *
 * Everything is copied: the snapshot it was read from may be closed before it is written.
 *
 * OWNERSHIP  A paper owns its tables; cells go to the last row of a table.
 * ERRORS     Running out of memory is our mistake (must()).
 */
#ifndef CIRKEL_REPORT_PAPER_H
#define CIRKEL_REPORT_PAPER_H

#include "common/base.h"

enum report_word {
#define WORD(name, da, sv, en) WORD_##name,
#include "services/cirkel/report_words.def"
#undef WORD
    WORD_COUNT
};
const char *report_word(struct text language, enum report_word word);
/* The word of a state: "application", "more-asked". As it is when there is none. */
struct text report_state(struct text language, const char *machine, struct text state);

enum cell_kind {
    CELL_TEXT,
    CELL_LINK, /* text: one or more, with spaces between */
    CELL_DATE, /* text: 2022-05-24 */
    CELL_NUMBER,
    CELL_HOURS, /* number: minutes */
    CELL_PERCENT,
    CELL_HUNDREDTHS,
};
struct cell { /* text absent and number without meaning when it is not given */
    struct cell *next;
    enum cell_kind kind;
    bool given;
    struct text text;
    int64_t number;
};
struct paper_row {
    struct paper_row *next;
    struct cell *first, **end;
};
struct paper_column {
    enum report_word word;
    enum cell_kind kind;
};
#define PAPER_COLUMNS 16

enum paper_form {
    PAPER_TABLE,
    PAPER_CARDS, /* for long texts: a heading of the first cell for each row, the others below */
    PAPER_FACTS, /* one row without a heading */
};
struct paper_table {
    struct paper_table *next;
    const char *name; /* of its file: "hours" */
    enum report_word title;
    enum paper_form form;
    unsigned column_count;
    struct paper_column columns[PAPER_COLUMNS];
    struct paper_row *first, **end, *last;
    unsigned rows;
};

struct plot_point { /* so many minutes were spent by the end of that day, counted from the first */
    int64_t day, minutes;
};
struct plot_panel {
    struct plot_panel *next;
    struct text title;
    int64_t minutes, budget;
    struct plot_point *points;
    unsigned count;
};
struct plot {
    struct text starts, ends; /* dates */
    int64_t days, today;      /* of the whole time; until when, counted from the first */
    struct plot_panel *first, **end;
};

struct paper {
    struct arena *arena;
    struct text language; /* da, sv or en */
    struct text title, funder, until;
    struct paper_table *first, **end;
    struct plot plot; /* stands after the table of that name */
    const char *plot_after;
};

struct paper *paper_new(struct text language);
void paper_free(struct paper **paper);
struct text paper_keep(struct paper *paper, struct text t);

struct paper_table *paper_table(struct paper *paper, const char *name, enum report_word title,
                                enum paper_form form, const struct paper_column *columns,
                                unsigned count);
void paper_row(struct paper *paper, struct paper_table *table);
void paper_text(struct paper *paper, struct paper_table *table, struct text t);
void paper_number(struct paper *paper, struct paper_table *table, int64_t number);
void paper_none(struct paper *paper, struct paper_table *table);
/* A state or kind in words. */
void paper_state(struct paper *paper, struct paper_table *table, const char *machine,
                 struct text state);

/* How a cell reads: for people in the paper's language, or for a program (ISO dates, decimal
 * points). Nothing when it is not given. */
void paper_show(const struct paper *paper, const struct cell *cell, bool for_people,
                struct buf *to);
void paper_show_hours(const struct paper *paper, int64_t minutes, bool for_people, struct buf *to);
void paper_show_date(const struct paper *paper, struct text date, struct buf *to); /* for people */

/* ---- writing ---- */
void report_markdown(const struct paper *paper, const char *plot_file, struct buf *to);
/* One table as Markdown without its heading. */
void report_markdown_table(const struct paper *paper, const struct paper_table *table,
                           struct buf *to);
void report_html(const struct paper *paper, struct buf *to);
void report_csv(const struct paper *paper, const struct paper_table *table, struct buf *to);
void report_svg(const struct paper *paper, struct buf *to);

#endif
