#include "services/cirkel/mail_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_MAX 200
#define HEADER_MAX 65536
#define PATH_BYTES 8192

struct mail_log {
    struct arena *arena;
    struct text *ids;
    unsigned count, room;
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
    free((*log)->ids);
    free(*log);
    *log = NULL;
}

static void add(struct mail_log *log, struct text id) {
    if (log->count == log->room) {
        log->room = log->room ? log->room * 2 : 1024;
        log->ids = reallocarray(log->ids, log->room, sizeof *log->ids);
        must(log->ids);
    }
    log->ids[log->count++] = arena_text(log->arena, id);
    log->is_sorted = false;
}

static bool is_id(struct text t) {
    if (t.n < 3 || t.n > ID_MAX || t.p[0] != '<' || t.p[t.n - 1] != '>' || !memchr(t.p, '@', t.n))
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= ' ' || t.p[i] > '~' || (i && i + 1 < t.n && (t.p[i] == '<' || t.p[i] == '>')))
            return false;
    return true;
}

/* From the "<" after a word such as message-id= */
static struct text bracketed(struct text t) {
    const char *end = t.n && t.p[0] == '<' ? memchr(t.p, '>', t.n) : NULL;
    struct text id = {t.p, end ? (size_t)(end - t.p) + 1 : 0};
    return is_id(id) ? id : TEXT_NONE;
}

struct text mail_log_find(struct text line) {
    static const char *const words[] = {"message-id=", "message-id: ", " id="};
    struct text whole = text_trim(line);
    if (is_id(whole))
        return whole;
    for (unsigned w = 0; w < COUNT_OF(words); w++) {
        size_t n = strlen(words[w]);
        for (size_t i = 0; i + n < line.n; i++) {
            struct text rest = {line.p + i + n, line.n - i - n};
            if (strncasecmp(line.p + i, words[w], n) == 0 && bracketed(rest).n)
                return bracketed(rest);
        }
    }
    return TEXT_NONE;
}

/* ---- a file of log ---- */

static int read_lines(struct mail_log *log, const char *path) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (!file)
        return -errno;
    while ((n = getline(&line, &room, file)) >= 0) {
        struct text id = mail_log_find((struct text){line, (size_t)n});
        if (id.n)
            add(log, id);
    }
    int rc = ferror(file) ? -EIO : 0;
    free(line);
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
        return is_id(value) ? value : TEXT_NONE;
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
        add(log, id);
    return rc;
}

static int read_folder(struct mail_log *log, const char *maildir, const char *name) {
    char folder[PATH_BYTES / 2], path[PATH_BYTES];
    struct dirent *entry;
    int n = snprintf(folder, sizeof folder, "%s/%s", maildir, name), rc = 0;
    DIR *dir = n > 0 && n < (int)sizeof folder ? opendir(folder) : NULL;
    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    while (rc == 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        rc = read_letter(log, path);
    }
    closedir(dir);
    return rc;
}

int mail_log_read(struct mail_log *log, const char *path) {
    struct stat st;
    if (stat(path, &st))
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return read_lines(log, path);
    int rc = read_folder(log, path, "new");
    return rc ? rc : read_folder(log, path, "cur");
}

/* ---- looking ---- */

static int by_text(const void *a, const void *b) {
    return text_cmp(*(const struct text *)a, *(const struct text *)b);
}

static void sort(struct mail_log *log) {
    unsigned kept = 0;
    if (log->is_sorted)
        return;
    if (log->count)
        qsort(log->ids, log->count, sizeof *log->ids, by_text);
    for (unsigned i = 0; i < log->count; i++)
        if (!kept || !text_eq(log->ids[kept - 1], log->ids[i]))
            log->ids[kept++] = log->ids[i];
    log->count = kept;
    log->is_sorted = true;
}

bool mail_log_has(struct mail_log *log, struct text message_id) {
    sort(log);
    return log->count && message_id.n &&
           bsearch(&message_id, log->ids, log->count, sizeof *log->ids, by_text);
}

unsigned mail_log_count(struct mail_log *log) {
    sort(log);
    return log->count;
}

struct text mail_log_at(struct mail_log *log, unsigned i) {
    sort(log);
    must(i < log->count);
    return log->ids[i];
}
