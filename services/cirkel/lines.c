#include "services/cirkel/lines.h"

#include "common/pack.h"
#include "common/token.h"
#include "common/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_TEXT_BYTES (6u * LINE_MAX_BYTES) /* each of its characters may be written \u0041 */

struct lines {
    char *path;
    FILE *in;
    struct buf text;
    unsigned no;
    uint64_t size, at;
};

static struct text member(const json_t *of, const char *name) {
    const json_t *value = json_object_get(of, name);
    if (!json_is_string(value))
        return TEXT_NONE;
    return (struct text){json_string_value(value), json_string_length(value)};
}

static bool has_unknown(const json_t *of, const char **ret) {
    static const char *const known[] = {"id", "at", "type", "body"};
    for (void *i = json_object_iter((json_t *)of); i; i = json_object_iter_next((json_t *)of, i)) {
        unsigned k = 0;
        while (k < COUNT_OF(known) && strcmp(known[k], json_object_iter_key(i)))
            k++;
        *ret = json_object_iter_key(i);
        if (k == COUNT_OF(known))
            return true;
    }
    return false;
}

/* What is wrong with it, or NULL. */
static const char *check(const json_t *json, struct line *ret, char reterr[JSON_ERROR_TEXT]) {
    const json_t *body = json_object_get(json, "body");
    struct text id = member(json, "id"), type = member(json, "type"), at = member(json, "at");

    if (id.n == 0 || id.n > 64)
        return "\"id\" is missing, or longer than 64 characters; it makes repeats harmless";
    if (type.n == 0 || type.n > 64)
        return "\"type\" is missing, or longer than 64 characters; see: cirkel protocol";
    if (!json_is_object(body))
        return "\"body\" is missing, or no object";
    ret->at = 0;
    if (json_object_get(json, "at") && instant_parse(at, &ret->at))
        return "\"at\" is no moment with an offset; one is 2022-05-24T09:00:00+02:00";
    return line_make(id, type, body, ret, reterr) ? reterr : NULL;
}

/* The first one without the mark that some editors begin a file with. */
static struct text line_text(const struct lines *lines) {
    struct text all = buf_as_text(&lines->text);
    return lines->no == 1 ? text_unmarked(all) : all;
}

static int parse(struct lines *lines, struct line *ret, struct buf *reterr) {
    struct text said = line_text(lines);
    json_error_t error;
    char text[JSON_ERROR_TEXT];
    const char *wrong, *unknown;
    struct line made = {0};
    json_t *json;

    if (lines->text.over) {
        buf_printf(reterr, "%s:%u: the line is longer than %u bytes", lines->path, lines->no,
                   LINE_TEXT_BYTES);
        return -EBADMSG;
    }
    json = json_loadb(said.p, said.n, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        buf_printf(reterr, "%s:%u: no JSON: %s (column %d)", lines->path, lines->no, error.text,
                   error.column);
        return -EBADMSG;
    }
    if (!json_is_object(json)) {
        wrong = "not an object {\"id\", \"at\", \"type\", \"body\"}";
    } else if (has_unknown(json, &unknown)) {
        buf_printf(reterr, "%s:%u: unknown member \"%s\"; there are id, at, type and body",
                   lines->path, lines->no, unknown);
        json_decref(json);
        return -EBADMSG;
    } else {
        wrong = check(json, &made, text);
    }
    json_decref(json);
    if (wrong) {
        buf_printf(reterr, "%s:%u: %s", lines->path, lines->no, wrong);
        return -EBADMSG;
    }
    made.no = lines->no;
    *ret = made;
    return 0;
}

void line_free(struct line *line) {
    buf_free(&line->request);
}

int line_make(struct text id, struct text type, const json_t *body, struct line *ret,
              char reterr[JSON_ERROR_TEXT]) {
    unsigned char random[16];
    int rc = 0;

    snprintf(reterr, JSON_ERROR_TEXT, "the id or the type is longer than 64 characters");

    if (id.p) {
        rc = text_copy(id, ret->id, sizeof ret->id);
    } else {
        token_random(random, sizeof random);
        token_hash_text(&(struct bytes){random, sizeof random}, 1, ret->id);
    }
    if (rc == 0)
        rc = text_copy(type, ret->type, sizeof ret->type);
    if (rc)
        return -EINVAL;
    buf_init(&ret->request, LINE_MAX_BYTES);
    pack_map(&ret->request, 4);
    pack_str(&ret->request, "v");
    pack_int(&ret->request, 1);
    pack_str(&ret->request, "id");
    pack_str(&ret->request, ret->id);
    pack_str(&ret->request, "type");
    pack_str(&ret->request, ret->type);
    pack_str(&ret->request, "body");
    rc = tree_to_pack(body, &ret->request, reterr);
    if (rc == -EMSGSIZE)
        snprintf(reterr, JSON_ERROR_TEXT, "the body is longer than %u bytes", LINE_MAX_BYTES);
    if (rc)
        buf_free(&ret->request);
    return rc ? -EINVAL : 0;
}

int lines_can_read(const char *path) {
    struct stat there;
    if (access(path, R_OK) || stat(path, &there))
        return -errno;
    return S_ISDIR(there.st_mode) ? -EISDIR : 0;
}

int lines_open(struct lines **ret, const char *path) {
    bool is_file = strcmp(path, "-") != 0;
    struct lines *lines;
    struct stat stat;
    int rc = is_file ? lines_can_read(path) : 0;

    if (rc)
        return rc;
    lines = calloc(1, sizeof *lines);
    must(lines != NULL);
    lines->in = is_file ? fopen(path, "re") : stdin;
    if (!lines->in) {
        rc = -errno;
        free(lines);
        return rc;
    }
    buf_init(&lines->text, LINE_TEXT_BYTES);
    lines->path = strdup(is_file ? path : "stdin");
    must(lines->path != NULL);
    if (fstat(fileno(lines->in), &stat) == 0 && S_ISREG(stat.st_mode))
        lines->size = (uint64_t)stat.st_size;
    *ret = lines;
    return 0;
}

void lines_close(struct lines **lines) {
    struct lines *gone = *lines;

    if (!gone)
        return;
    if (gone->in != stdin)
        fclose(gone->in);
    buf_free(&gone->text);
    free(gone->path);
    free(gone);
    *lines = NULL;
}

/* False at the end. Of a line that is too long no more is kept. */
static bool read_line(struct lines *lines) {
    int c;

    buf_clear(&lines->text);
    while ((c = getc_unlocked(lines->in)) != EOF) {
        lines->at++;
        if (c == '\n')
            return true;
        buf_char(&lines->text, (char)c);
    }
    return lines->text.n > 0 && !ferror(lines->in);
}

int lines_next(struct lines *lines, struct line *ret, struct buf *reterr) {
    while (read_line(lines)) {
        lines->no++;
        if (lines->text.over || text_trim(line_text(lines)).n > 0)
            return parse(lines, ret, reterr);
    }
    return ferror(lines->in) ? -EIO : -ENOENT;
}

uint64_t lines_size(const struct lines *lines) {
    return lines->size;
}

uint64_t lines_at(const struct lines *lines) {
    return lines->at;
}

const char *lines_path(const struct lines *lines) {
    return lines->path;
}
