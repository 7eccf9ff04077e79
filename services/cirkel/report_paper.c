#include "services/cirkel/report_paper.h"

#include "common/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/ustring.h>

#define DATE_CHARS 64

static const struct {
    const char *name, *da, *sv, *en;
} words[] = {
#define WORD(name, da, sv, en) {#name, da, sv, en},
#include "services/cirkel/report_words.def"
#undef WORD
};

static const char *in_language(struct text language, unsigned word) {
    return text_is(language, "da")   ? words[word].da
           : text_is(language, "sv") ? words[word].sv
                                     : words[word].en;
}

const char *report_word(struct text language, enum report_word word) {
    return in_language(language, word);
}

struct text report_state(struct text language, const char *machine, struct text state) {
    char name[64];

    snprintf(name, sizeof name, "%s_%.*s", machine, TEXT_ARGS(state));
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : *p;
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i].name, name) == 0)
            return text_of(in_language(language, i));
    return state;
}

/* ---- making it ---- */

struct paper *paper_new(struct text language) {
    struct arena *arena = arena_new();
    struct paper *paper = arena_take(arena, sizeof *paper);

    *paper = (struct paper){.arena = arena};
    paper->language = text_is(language, "da") || text_is(language, "sv")
                          ? arena_text(arena, language)
                          : TEXT_LIT("en");
    paper->end = &paper->first;
    paper->plot.end = &paper->plot.first;
    return paper;
}

void paper_free(struct paper **paper) {
    struct arena *arena;

    if (!*paper)
        return;
    arena = (*paper)->arena;
    *paper = NULL;
    arena_free(&arena);
}

struct text paper_keep(struct paper *paper, struct text t) {
    return arena_text(paper->arena, t);
}

struct paper_table *paper_table(struct paper *paper, const char *name, enum report_word title,
                                enum paper_form form, const struct paper_column *columns,
                                unsigned count) {
    struct paper_table *table = arena_take(paper->arena, sizeof *table);

    must(count <= PAPER_COLUMNS);
    *table =
        (struct paper_table){.name = name, .title = title, .form = form, .column_count = count};
    memcpy(table->columns, columns, count * sizeof *columns);
    table->end = &table->first;
    *paper->end = table;
    paper->end = &table->next;
    return table;
}

void paper_row(struct paper *paper, struct paper_table *table) {
    struct paper_row *row = arena_take(paper->arena, sizeof *row);

    *row = (struct paper_row){.next = NULL};
    row->end = &row->first;
    *table->end = row;
    table->end = &row->next;
    table->last = row;
    table->rows++;
}

static struct cell *add_cell(struct paper *paper, struct paper_table *table) {
    struct cell *cell = arena_take(paper->arena, sizeof *cell);
    unsigned column = 0;

    for (const struct cell *c = table->last->first; c; c = c->next)
        column++;
    must(column < table->column_count);
    *cell = (struct cell){.kind = table->columns[column].kind};
    *table->last->end = cell;
    table->last->end = &cell->next;
    return cell;
}

void paper_text(struct paper *paper, struct paper_table *table, struct text t) {
    struct cell *cell = add_cell(paper, table);

    cell->given = t.n > 0;
    cell->text = paper_keep(paper, t);
}

void paper_number(struct paper *paper, struct paper_table *table, int64_t number) {
    struct cell *cell = add_cell(paper, table);

    cell->given = true;
    cell->number = number;
}

void paper_none(struct paper *paper, struct paper_table *table) {
    (void)add_cell(paper, table);
}

void paper_state(struct paper *paper, struct paper_table *table, const char *machine,
                 struct text state) {
    paper_text(paper, table, state.p ? report_state(paper->language, machine, state) : state);
}

/* ---- showing it ---- */

static char decimal(const struct paper *paper, bool for_people) {
    return for_people && !text_is(paper->language, "en") ? ',' : '.';
}

void paper_show_hours(const struct paper *paper, int64_t minutes, bool for_people, struct buf *to) {
    int64_t tenths = (minutes * 10 + 30) / 60;

    buf_printf(to, "%lld", (long long)(tenths / 10));
    if (tenths % 10 || !for_people)
        buf_printf(to, "%c%lld", decimal(paper, for_people), (long long)(tenths % 10));
}

static UDateFormat *date_format(const struct paper *paper) {
    static const UChar utc[] = {'U', 'T', 'C', 0};
    static UDateFormat *formats[3];
    static const char *const locales[] = {"da_DK", "sv_SE", "en_GB"};
    unsigned i = text_is(paper->language, "da") ? 0 : text_is(paper->language, "sv") ? 1 : 2;
    UErrorCode rc = U_ZERO_ERROR;

    if (!formats[i])
        formats[i] = udat_open(UDAT_NONE, UDAT_MEDIUM, locales[i], utc, -1, NULL, 0, &rc);
    must(U_SUCCESS(rc));
    return formats[i];
}

void paper_show_date(const struct paper *paper, struct text date, struct buf *to) {
    UChar shown[DATE_CHARS];
    char utf8[3 * DATE_CHARS];
    UErrorCode rc = U_ZERO_ERROR;
    struct wall wall;
    int32_t n;

    if (date_parse(date, &wall)) {
        buf_text(to, date);
        return;
    }
    udat_format(date_format(paper), (double)(wall_minutes(wall) * MINUTES), shown, DATE_CHARS, NULL,
                &rc);
    u_strToUTF8(utf8, sizeof utf8, &n, shown, -1, &rc);
    must(U_SUCCESS(rc));
    buf_add(to, utf8, (size_t)n);
}

void paper_show(const struct paper *paper, const struct cell *cell, bool for_people,
                struct buf *to) {
    if (!cell->given)
        return;
    switch (cell->kind) {
    case CELL_TEXT:
    case CELL_LINK:
        buf_text(to, cell->text);
        break;
    case CELL_DATE:
        if (for_people)
            paper_show_date(paper, cell->text, to);
        else
            buf_text(to, cell->text);
        break;
    case CELL_NUMBER:
        buf_printf(to, "%lld", (long long)cell->number);
        break;
    case CELL_HOURS:
        paper_show_hours(paper, cell->number, for_people, to);
        break;
    case CELL_PERCENT:
        buf_printf(to, for_people ? "%lld %%" : "%lld", (long long)cell->number);
        break;
    case CELL_HUNDREDTHS:
        buf_printf(to, "%lld%c%02lld", (long long)(cell->number / 100), decimal(paper, for_people),
                   (long long)(cell->number % 100));
        break;
    }
}
