#include "services/cirkel/mail_log.h"

#include "proto/letter_id.h"
#include "services/cirkel/mail_log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MAX 65536
#define PATH_BYTES 8192

struct texts {
    struct text *list;
    unsigned count, room;
};
struct mail_log {
    struct arena *arena;
    struct texts ids;
    struct texts begun, begun_ids; /* of what was being read, by its name in the queue */
    struct texts taken;            /* the names of what is there as a whole */
    bool is_sorted;
};

struct mail_log *mail_log_new(void) {
    struct mail_log *log = calloc(1, sizeof *log);
    must(log);
    log->arena = arena_new();
    return log;
}

void mail_log_free(struct mail_log **log) {
    if (!*log)
        return;
    arena_free(&(*log)->arena);
    free((*log)->ids.list);
    free((*log)->begun.list);
    free((*log)->begun_ids.list);
    free((*log)->taken.list);
    free(*log);
    *log = NULL;
}

static void keep(struct mail_log *log, struct texts *to, struct text t) {
    if (to->count == to->room) {
        to->room = to->room ? to->room * 2 : 1024;
        to->list = reallocarray(to->list, to->room, sizeof *to->list);
        must(to->list);
    }
    to->list[to->count++] = arena_text(log->arena, t);
    log->is_sorted = false;
}

/* ---- a file of log ---- */

static void take_line(struct mail_log *log, struct text text) {
    struct mail_log_line line;
    mail_log_line(text, &line);
    if (line.is_taken) {
        keep(log, &log->taken, line.queue);
    } else if (line.id[0] && line.queue.n) {
        keep(log, &log->begun, line.queue);
        keep(log, &log->begun_ids, letter_id_first(log->arena, text_of(line.id)));
    } else if (line.id[0]) {
        keep(log, &log->ids, letter_id_first(log->arena, text_of(line.id)));
    }
}

static bool is_compressed(struct text first) {
    static const char *const magics[] = {"\x1f\x8b\x08", "\3757z", "\x28\xb5\x2f", "BZh"};
    unsigned i = 0;
    while (i < COUNT_OF(magics) && !text_starts(first, magics[i]))
        i++;
    return i < COUNT_OF(magics);
}

static int read_lines(struct mail_log *log, FILE *file) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int rc = 0;
    for (bool any = false; rc == 0 && (n = getline(&line, &room, file)) >= 0; any = true) {
        struct text text = {line, (size_t)n};
        if (!any && is_compressed(text))
            rc = -EMEDIUMTYPE;
        else
            take_line(log, text);
    }
    free(line);
    return rc == 0 && ferror(file) ? -EIO : rc;
}

static int read_log(struct mail_log *log, const char *path) {
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    int rc = read_lines(log, file);
    fclose(file);
    return rc;
}

/* ---- a Maildir ---- */

/* The header field; its value may stand on the line after it. */
static struct text header_id(struct text head) {
    struct text line, next;
    while (text_cut(&head, '\n', &line) && text_trim(line).n) {
        if (line.n < 11 || strncasecmp(line.p, "message-id:", 11))
            continue;
        struct text value = text_trim((struct text){line.p + 11, line.n - 11});
        if (!value.n && text_cut(&head, '\n', &next))
            value = text_trim(next);
        return value;
    }
    return TEXT_NONE;
}

static int read_letter(struct mail_log *log, const char *path) {
    char head[HEADER_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno; /* somebody read it and moved it on */
    ssize_t n = read(fd, head, sizeof head);
    int rc = n < 0 ? -errno : 0;
    close(fd);
    struct text id = rc ? TEXT_NONE : header_id((struct text){head, (size_t)n});
    if (id.n)
        keep(log, &log->ids, letter_id_first(log->arena, id));
    return rc;
}

struct folder {
    struct mail_log *log;
    const char *path;
};

static int on_letter(void *ctx, const char *name) {
    const struct folder *folder = ctx;
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return n < (int)sizeof path ? read_letter(folder->log, path) : -ENAMETOOLONG;
}

static int read_folder(struct mail_log *log, const char *maildir, const char *name) {
    char path[PATH_BYTES];
    struct folder folder = {log, path};
    int n = snprintf(path, sizeof path, "%s/%s", maildir, name);
    int rc = n < (int)sizeof path ? each_file(path, on_letter, &folder) : -ENAMETOOLONG;
    return rc == -ENOENT ? 0 : rc;
}

int mail_log_read(struct mail_log *log, const char *path) {
    struct stat st;
    if (strcmp(path, "-") == 0)
        return read_lines(log, stdin);
    if (stat(path, &st))
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return read_log(log, path);
    int rc = read_folder(log, path, "new");
    return rc ? rc : read_folder(log, path, "cur");
}

/* ---- looking ---- */

static int by_text(const void *a, const void *b) {
    return text_cmp(*(const struct text *)a, *(const struct text *)b);
}

static void sort_texts(struct texts *t) {
    if (t->count)
        qsort(t->list, t->count, sizeof *t->list, by_text);
}

static bool has(const struct texts *sorted, struct text t) {
    return sorted->count && t.n &&
           bsearch(&t, sorted->list, sorted->count, sizeof *sorted->list, by_text);
}

/* A log without any line of the queue manager is an extract: then the first word counts. */
static void judge_begun(struct mail_log *log) {
    sort_texts(&log->taken);
    for (unsigned i = 0; i < log->begun.count; i++)
        if (!log->taken.count || has(&log->taken, log->begun.list[i]))
            keep(log, &log->ids, log->begun_ids.list[i]);
    log->begun.count = log->begun_ids.count = 0;
}

static void sort(struct mail_log *log) {
    struct texts *ids = &log->ids;
    unsigned kept = 0;
    if (log->is_sorted)
        return;
    judge_begun(log);
    sort_texts(ids);
    for (unsigned i = 0; i < ids->count; i++)
        if (!kept || !text_eq(ids->list[kept - 1], ids->list[i]))
            ids->list[kept++] = ids->list[i];
    ids->count = kept;
    log->is_sorted = true;
}

bool mail_log_has(struct mail_log *log, struct text message_id) {
    sort(log);
    return has(&log->ids, letter_id_first(log->arena, message_id));
}

unsigned mail_log_count(struct mail_log *log) {
    sort(log);
    return log->ids.count;
}

struct text mail_log_at(struct mail_log *log, unsigned i) {
    sort(log);
    must(i < log->ids.count);
    return log->ids.list[i];
}
