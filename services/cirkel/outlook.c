#include "services/cirkel/outlook.h"

#include "common/ical.h"
#include "common/token.h"
#include "common/zone.h"
#include "services/cirkel/table_out.h"

#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 8 /* of a group; the others are only counted */
#define PAGE_MOST ((size_t)256 << 20)

/* Lines that differ only in whom they are for. */
struct groups {
    json_t *all; /* key: {"line", "people": [] }, in the order they came */
};

static json_t *group_of(struct groups *groups, const json_t *line, const char *const by[],
                        unsigned count) {
    char key[1024];
    size_t n = 0;
    json_t *group;

    for (unsigned i = 0; i < count && n < sizeof key; i++)
        n += (size_t)snprintf(key + n, sizeof key - n, "%s|", outlook_member(line, by[i]));
    group = json_object_get(groups->all, key);
    if (!group) {
        group = json_pack("{s:O,s:[]}", "line", line, "people");
        json_object_set_new(groups->all, key, group);
    }
    return group;
}

static void print_refused(const json_t *line) {
    const char *field = outlook_member(line, "field");
    printf("Line %lld would be refused: %s%s%s: %s\n",
           (long long)json_integer_value(json_object_get(line, "line")),
           outlook_member(line, "code"), field[0] ? ", " : "", field, outlook_member(line, "text"));
}

/* What would be refused is printed at once. */
static void group_lines(struct groups *groups, struct text lines, const char *const by[],
                        unsigned count, json_t **ret_last) {
    struct text text;

    groups->all = json_object();
    while (text_cut(&lines, '\n', &text)) {
        json_t *line = json_loadb(text.p, text.n, 0, NULL), *group;
        if (strcmp(outlook_member(line, "change"), "sum") == 0) {
            *ret_last = line;
            continue;
        }
        bool refused = strcmp(outlook_member(line, "change"), "refused") == 0;
        if (refused)
            print_refused(line);
        if (refused || strcmp(outlook_member(line, "change"), "unsaid") == 0 ||
            strcmp(outlook_member(line, "change"), "again") == 0) {
            json_decref(line);
            continue;
        }
        group = group_of(groups, line, by, count);
        json_array_append(json_object_get(group, "people"), json_object_get(line, "person"));
        json_decref(line);
    }
}

/* ---- a difference ---- */

static void take_sum(const json_t *line, struct outlook_sum *ret) {
    const struct {
        const char *name;
        json_int_t *to;
    } members[] = {{"added", &ret->added},
                   {"moved", &ret->moved},
                   {"dropped", &ret->dropped},
                   {"corrected", &ret->corrected},
                   {"reworded", &ret->reworded},
                   {"rerouted", &ret->rerouted},
                   {"gathered", &ret->gathered},
                   {"left-out", &ret->left_out},
                   {"same", &ret->same},
                   {"again", &ret->again},
                   {"refused", &ret->refused},
                   {"existing", &ret->existing},
                   {"existing_letters", &ret->existing_letters}};
    for (unsigned i = 0; i < COUNT_OF(members); i++)
        *members[i].to = json_integer_value(json_object_get(line, members[i].name));
    snprintf(ret->version, sizeof ret->version, "%s", outlook_member(line, "version"));
}

void outlook_read_sum(struct text lines, struct outlook_sum *ret) {
    struct text text, last = TEXT_NONE;
    json_t *line;

    while (text_cut(&lines, '\n', &text))
        last = text;
    line = json_loadb(last.p ? last.p : "", last.n, 0, NULL);
    take_sum(line, ret);
    json_decref(line);
}

static void add_names(struct table_out *table, const json_t *people) {
    struct buf names;
    size_t i, count = json_array_size(people);

    buf_init(&names, 4096);
    for (i = 0; i < count && i < NAMES_SHOWN; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(json_array_get(people, i)));
    if (count > NAMES_SHOWN)
        buf_printf(&names, " and %zu more", count - NAMES_SHOWN);
    table_out_cell(table, buf_as_text(&names));
    buf_free(&names);
}

/* Of all that only waits for a pause to end, that is said once. */
static const char *because(const json_t *line) {
    const char *change = outlook_member(line, "change");
    bool waits = strcmp(change, "dropped") && strcmp(change, "left-out") &&
                 strcmp(outlook_member(line, "state"), "goes");
    return waits ? "" : outlook_member(line, "reason");
}

static void print_change(const struct groups *groups, const char *change, const char *noun,
                         const char *title) {
    struct table_out *table = table_out_new(">letters rule about was at because ~to");
    const char *key;
    json_t *group;
    size_t letters = 0;

    json_object_foreach(groups->all, key, group) {
        const json_t *line = json_object_get(group, "line"),
                     *people = json_object_get(group, "people");
        bool dropped = strcmp(change, "dropped") == 0 || strcmp(change, "left-out") == 0;
        if (strcmp(outlook_member(line, "change"), change))
            continue;
        letters += json_array_size(people);
        table_out_row(table);
        table_out_printf(table, "%zu", json_array_size(people));
        table_out_cell(table, text_of(outlook_member(line, "rule")));
        table_out_cell(table, text_of(outlook_member(line, "about")));
        table_out_cell(table, text_of(outlook_member(line, dropped ? "at" : "was")));
        table_out_cell(table, text_of(dropped ? "" : outlook_member(line, "at")));
        table_out_cell(table, text_of(because(line)));
        add_names(table, people);
    }
    if (letters) {
        printf("%zu %s%s would %s:\n", letters, noun, plural((int64_t)letters, "", "s"), title);
        table_out_print(table);
        puts("");
    }
    table_out_free(&table);
}

void outlook_print_difference(struct text lines, struct outlook_sum *ret) {
    static const char *const by[] = {"change", "rule", "about", "was", "at", "reason"};
    struct groups groups;
    json_t *last = NULL;

    group_lines(&groups, lines, by, COUNT_OF(by), &last);
    take_sum(last, ret);
    if (outlook_member(last, "held")[0])
        printf("Nothing leaves now: %s.\n%s\n", outlook_member(last, "held"),
               json_is_true(json_object_get(last, "regardless"))
                   ? "What follows is what the letters would be, whenever they may leave.\n"
                   : "");
    print_change(&groups, "dropped", "letter", "not go any more");
    print_change(&groups, "moved", "letter", "go at another time");
    print_change(&groups, "corrected", "correction", "go, to people who were told something else");
    print_change(&groups, "added", "letter", "go besides");
    print_change(&groups, "reworded", "letter", "go at the same time, by another text or rule");
    print_change(&groups, "rerouted", "letter", "go at the same time, by another channel");
    print_change(&groups, "gathered", "item", "be in digests besides");
    print_change(&groups, "left-out", "item", "not be in digests any more");
    if (ret->again)
        printf("%lld of the events %s said before, under the same id: nothing would come of %s.\n",
               (long long)ret->again, plural(ret->again, "was", "were"),
               plural(ret->again, "it", "them"));
    if (ret->added + ret->moved + ret->dropped + ret->corrected + ret->reworded + ret->rerouted +
            ret->gathered + ret->left_out ==
        0)
        puts("No letter would be different.");
    printf("%lld dropped, %lld moved, %lld corrected, %lld added, %lld reworded; %lld stay as they "
           "are.\n",
           (long long)ret->dropped, (long long)ret->moved, (long long)ret->corrected,
           (long long)ret->added, (long long)ret->reworded, (long long)ret->same);
    json_decref(last);
    json_decref(groups.all);
}

/* ---- as a calendar ---- */

static void add_event(struct buf *to, const char *key, const json_t *group) {
    const json_t *line = json_object_get(group, "line"), *people = json_object_get(group, "people");
    bool goes = strcmp(outlook_member(line, "state"), "goes") == 0;
    char id[TOKEN_ID_MAX];
    struct bytes part = {key, strlen(key)};
    struct buf text;
    instant at;

    if (instant_parse(text_of(outlook_member(line, "at")), &at))
        return;
    token_hash_text(&part, 1, id);
    buf_init(&text, PAGE_MOST);
    ical_line(to, "BEGIN", TEXT_LIT("VEVENT"));
    buf_printf(&text, "%s@cirkel", id);
    ical_line(to, "UID", buf_as_text(&text));
    ical_instant(to, "DTSTAMP", at);
    ical_instant(to, "DTSTART", at);
    buf_clear(&text);
    buf_printf(&text, "%s%s: %s (%zu)", goes ? "" : "NOT SENT: ", outlook_member(line, "letter"),
               outlook_member(line, "about"), json_array_size(people));
    ical_text(to, "SUMMARY", buf_as_text(&text));
    buf_clear(&text);
    buf_printf(&text, "%s%s%s", outlook_member(line, "reason"),
               outlook_member(line, "reason")[0] ? "\n" : "", outlook_member(line, "rule"));
    for (size_t i = 0; i < json_array_size(people); i++)
        buf_printf(&text, "\n%s", json_string_value(json_array_get(people, i)));
    ical_text(to, "DESCRIPTION", buf_as_text(&text));
    ical_line(to, "TRANSP", TEXT_LIT("TRANSPARENT"));
    ical_line(to, "END", TEXT_LIT("VEVENT"));
    buf_free(&text);
}

void outlook_print_ics(struct text lines) {
    static const char *const by[] = {"at", "rule", "about_kind", "about", "state", "reason"};
    struct groups groups;
    const char *key;
    json_t *group, *last = NULL;
    struct buf page;

    group_lines(&groups, lines, by, COUNT_OF(by), &last);
    if (!json_object_size(groups.all)) { /* a calendar has at least one entry (RFC 5545, 3.6) */
        fprintf(stderr, "Nothing falls due until then: there is no calendar to print.\n");
        json_decref(groups.all);
        return;
    }
    buf_init(&page, PAGE_MOST);
    ical_line(&page, "BEGIN", TEXT_LIT("VCALENDAR"));
    ical_line(&page, "VERSION", TEXT_LIT("2.0"));
    ical_line(&page, "PRODID", TEXT_LIT("-//Cirkel//forecast//EN"));
    json_object_foreach(groups.all, key, group) add_event(&page, key, group);
    ical_line(&page, "END", TEXT_LIT("VCALENDAR"));
    fwrite(page.p, 1, page.n, stdout);
    buf_free(&page);
    json_decref(groups.all);
}
