#include "common/config_inner.h"

#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What is known of one setting while a file or a section is read. libconfuse says "set" after each
 * item of a list and once more after the last one: that is how the second setting is told. */
struct seen {
    unsigned line; /* 0: not set */
    unsigned items;
    bool is_whole;
    bool is_told; /* that it is set again */
};

struct reading {
    const char *path;
    const struct config_row *rows;
    unsigned count;
    struct buf *reterr;
    int rc;
    struct seen *seen;
    struct config_value *values;
    cfg_t *root;
    /* Sections only: */
    const char *section;
    size_t struct_size;
    config_section_fn *fn;
    void *ctx;
    struct config_layout layout;
    unsigned done; /* sections so far */
    bool is_bad;   /* the section that is being read */
};

/* libconfuse hands no context to its callbacks. */
static _Thread_local struct reading *now;

static void complain(struct reading *r, unsigned line, const char *what) {
    config_error(r->reterr, r->path, line, "%s", what);
    r->is_bad = true;
    if (r->rc == 0)
        r->rc = -EBADMSG;
}

/* Changes, insertions and omissions that lead from one word to the other. */
static unsigned distance(const char *a, const char *b) {
    enum { LONGEST = 64 };
    unsigned row[LONGEST + 1];
    size_t n = strlen(b);
    if (n > LONGEST || strlen(a) > LONGEST)
        return LONGEST;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned change = corner + (*a != b[j - 1]),
                     least = row[j] < row[j - 1] ? row[j] : row[j - 1];
            corner = row[j];
            row[j] = change < least + 1 ? change : least + 1;
        }
    }
    return row[n];
}

static const char *nearest(const struct reading *r, const char *name) {
    const char *best = NULL;
    unsigned least = 1 + (unsigned)(strlen(name) > 6 ? strlen(name) / 3 : 2);
    for (unsigned i = 0; i < r->count; i++) {
        unsigned d = distance(name, r->rows[i].name);
        if (d < least) {
            least = d;
            best = r->rows[i].name;
        }
    }
    return best;
}

static void complain_of_name(struct reading *r, cfg_t *cfg, const char *name) {
    char what[CONFIG_WHY_MAX];
    bool is_outside = r->section && cfg == r->root;
    const char *near = is_outside ? NULL : nearest(r, name);
    if (is_outside)
        (void)snprintf(what, sizeof what, "\"%.40s\" is not known here, expected %s \"title\" {",
                       name, r->section);
    else if (near)
        (void)snprintf(what, sizeof what, "there is no setting \"%.40s\", expected perhaps \"%s\"",
                       name, near);
    else
        (void)snprintf(what, sizeof what, "there is no setting \"%.40s\"", name);
    complain(r, (unsigned)cfg->line, what);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list args) {
    static const char unknown[] = "no such option";
    char what[CONFIG_WHY_MAX];
    if (strncmp(fmt, unknown, sizeof unknown - 1) == 0) {
        complain_of_name(now, cfg, va_arg(args, const char *));
        return;
    }
    (void)vsnprintf(what, sizeof what, fmt, args);
    complain(now, (unsigned)cfg->line, what);
}

static unsigned row_of(const struct reading *r, const char *name) {
    unsigned i = 0;
    while (i < r->count && strcmp(r->rows[i].name, name) != 0)
        i++;
    must(i < r->count);
    return i;
}

static int on_setting(cfg_t *cfg, cfg_opt_t *opt) {
    struct seen *seen = &now->seen[row_of(now, cfg_opt_name(opt))];
    unsigned items = cfg_opt_size(opt);
    bool is_list = (opt->flags & CFGF_LIST) != 0;
    if (!seen->line) {
        *seen = (struct seen){(unsigned)cfg->line, items, !is_list, false};
    } else if (seen->is_whole && !seen->is_told) {
        char what[CONFIG_WHY_MAX];
        (void)snprintf(what, sizeof what, "%s is set again, expected once (it is in line %u)",
                       cfg_opt_name(opt), seen->line);
        complain(now, (unsigned)cfg->line, what);
        seen->is_told = true;
    } else if (!seen->is_whole) {
        seen->is_whole = items == seen->items;
        seen->items = items;
    }
    return 0;
}

/* Reads one row's value from the file, or takes the fallback. `line`: of the section. */
static void take_value(struct reading *r, cfg_t *cfg, unsigned i, unsigned line) {
    const struct config_row *row = &r->rows[i];
    char why[CONFIG_WHY_MAX];
    unsigned count = cfg_size(cfg, row->name);
    /* An empty list is modified, and on_setting() never hears of it. */
    bool is_set = (cfg_getopt(cfg, row->name)->flags & CFGF_MODIFIED) != 0;
    if (!is_set && row->fallback) {
        config_value_fall_back(row, &r->values[i]);
        return;
    }
    if (!is_set) {
        (void)snprintf(why, sizeof why, "%s is missing", row->name);
        complain(r, line, why);
        return;
    }
    struct text *parts = calloc(count + 1, sizeof *parts);
    must(parts);
    for (unsigned k = 0; k < count; k++)
        parts[k] = text_of(cfg_getnstr(cfg, row->name, k));
    if (config_value_read(row, parts, count, &r->values[i], why) < 0)
        complain(r, r->seen[i].line ? r->seen[i].line : line, why);
    free(parts);
}

static void take_values(struct reading *r, cfg_t *cfg, unsigned line) {
    for (unsigned i = 0; i < r->count; i++)
        take_value(r, cfg, i, line);
}

/* Moves the values into `filled`, or drops them. */
static void put_values(struct reading *r, void *filled) {
    for (unsigned i = 0; i < r->count; i++) {
        if (filled)
            config_value_put(&r->rows[i], &r->values[i], filled);
        else
            config_value_free(&r->values[i]);
        r->values[i] = (struct config_value){0};
        r->seen[i] = (struct seen){0};
    }
    r->is_bad = false;
}

/* The closing brace of a section. */
static int on_section(cfg_t *cfg, cfg_opt_t *opt) {
    (void)cfg;
    struct reading *r = now;
    cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
    must(r->done < r->layout.sections);
    unsigned line = r->layout.section_lines[r->done++];
    take_values(r, section, line);
    if (r->is_bad) {
        put_values(r, NULL);
        return 0;
    }
    void *filled = calloc(1, r->struct_size);
    must(filled);
    put_values(r, filled);
    now = NULL; /* the callee may read another file */
    int rc = r->fn(r->ctx, text_of(cfg_title(section)), line, filled);
    now = r;
    free(filled);
    if (rc)
        r->rc = rc;
    return rc ? -1 : 0;
}

static cfg_opt_t *options_for(const struct reading *r) {
    cfg_opt_t *options = calloc(r->count + 1, sizeof *options);
    must(options);
    for (unsigned i = 0; i < r->count; i++) {
        const char *name = r->rows[i].name;
        options[i] = r->rows[i].kind == CONFIG_LIST
                         ? (cfg_opt_t)CFG_STR_LIST(name, NULL, CFGF_NODEFAULT)
                         : (cfg_opt_t)CFG_STR(name, NULL, CFGF_NODEFAULT);
        options[i].validcb = on_setting;
    }
    options[r->count] = (cfg_opt_t)CFG_END();
    return options;
}

/* Runs libconfuse over the text; a file without sections has its values taken at the end. */
static void parse(struct reading *r, struct buf *text) {
    cfg_opt_t *rows = options_for(r);
    cfg_opt_t sections[] = {
        CFG_SEC(r->section, rows, CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES), CFG_END()};
    sections[0].validcb = on_section;
    r->root = cfg_init(r->section ? sections : rows, CFGF_NONE);
    must(r->root);
    cfg_set_error_function(r->root, on_error);
    now = r;
    int rc = cfg_parse_buf(r->root, buf_cstr(text));
    now = NULL;
    if (rc != CFG_SUCCESS && r->rc == 0)
        complain(r, 0, "the file cannot be understood");
    if (!r->section && rc == CFG_SUCCESS)
        take_values(r, r->root, 0);
    cfg_free(r->root);
    free(rows);
}

static int read_all(struct reading *r, void *ret) {
    struct buf text;
    int rc = read_file(r->path, CONFIG_FILE_MAX, &text);
    if (rc < 0) {
        config_error(r->reterr, r->path, 0, "cannot be read: %s", strerror(-rc));
        return rc;
    }
    r->seen = calloc(r->count + 1, sizeof *r->seen);
    r->values = calloc(r->count + 1, sizeof *r->values);
    must(r->seen && r->values);
    r->rc = config_scan(r->path, &text, &r->layout, r->reterr);
    buf_char(&text, '\n'); /* libconfuse refuses a file without a single character */
    if (r->rc == 0)
        parse(r, &text);
    put_values(r, r->rc == 0 && !r->section ? ret : NULL);
    free(r->layout.section_lines);
    free(r->values);
    free(r->seen);
    buf_free(&text);
    return r->rc;
}

int config_read(const char *path, const struct config_row *rows, unsigned count, void *ret,
                struct buf *reterr) {
    struct reading r = {.path = path, .rows = rows, .count = count, .reterr = reterr};
    return read_all(&r, ret);
}

int config_read_sections(const char *path, const char *section, const struct config_row *rows,
                         unsigned count, size_t struct_size, config_section_fn *fn, void *ctx,
                         struct buf *reterr) {
    struct reading r = {.path = path,
                        .rows = rows,
                        .count = count,
                        .reterr = reterr,
                        .section = section,
                        .struct_size = struct_size,
                        .fn = fn,
                        .ctx = ctx};
    return read_all(&r, NULL);
}

void config_free(const struct config_row *rows, unsigned count, void *filled) {
    for (unsigned i = 0; i < count; i++) {
        struct config_value value = {0};
        void *field = (char *)filled + rows[i].offset;
        if (rows[i].kind == CONFIG_STRING) {
            memcpy(&value.string, field, sizeof value.string);
            memset(field, 0, sizeof value.string);
        } else if (rows[i].kind == CONFIG_LIST) {
            memcpy(&value.list, field, sizeof value.list);
            memset(field, 0, sizeof value.list);
        }
        config_value_free(&value);
    }
}

void config_error(struct buf *reterr, const char *path, unsigned line, const char *fmt, ...) {
    char what[2 * CONFIG_WHY_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (line)
        buf_printf(reterr, "%s:%u: %s\n", path, line, what);
    else
        buf_printf(reterr, "%s: %s\n", path, what);
}
