#include "services/notifier/incoming.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/pack.h"
#include "proto/codec.h"
#include "proto/letter_id.h"
#include "proto/table.h"
#include "services/notifier/compose.h"
#include "services/notifier/incoming_inner.h"

#define LOOK_EVERY (1 * SECONDS)
#define SAY_AGAIN (2 * SECONDS)
#define ROWS_A_TURN 5000 /* some milliseconds */
#define FILE_MOST ((off_t)10 * 1024 * 1024)
#define REQUEST_MAX 4096
#define NAME_SIZE 256
#define KEY_SIZE (5 + TOKEN_ID_MAX)

struct incoming {
    struct incoming_options options;
    int new, cur, unread; /* folders */
    char name[NAME_SIZE]; /* of the message in hand; empty: none */
    char key[KEY_SIZE];
    struct mail_report report;
    struct incoming_said said;
    uint64_t at; /* the row of the ledger to be looked at next; 0: nothing is looked for */
    bool is_saying;
    bool in_trouble; /* it was said in the log */
    struct buf content, request;
    struct arena *arena;
};

static void look(void *ctx);

static void again_after(struct incoming *in, msec span) {
    loop_after(in->options.loop, span, look, in);
}

static void trouble(struct incoming *in, const char *doing, int rc) {
    if (!in->in_trouble)
        log_warn("incoming_trouble", "doing=%s error=%s next_ms=%d", doing, strerror(-rc),
                 (int)LOOK_EVERY);
    in->in_trouble = true;
}

/* ---- where it goes ---- */

/* In cur/ a name ends in its flags: seen. Nothing is written over but the same message. */
static int move(struct incoming *in, int to, const char *flags) {
    char name[NAME_SIZE + 8];
    size_t n = strlen(in->name), room = NAME_MAX - strlen(flags);
    if (n > room || strchr(in->name, ':'))
        flags = "";
    (void)snprintf(name, sizeof name, "%s%s", in->name, flags);
    if (renameat2(in->new, in->name, to, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EEXIST) {
        (void)snprintf(name, sizeof name, "%.150s.%s%s", in->name, in->key, flags);
        if (renameat(in->new, in->name, to, name) == 0)
            return 0;
    }
    return errno == ENOENT ? 0 : -errno; /* somebody else took it away */
}

static void put_away(struct incoming *in, enum incoming_way way) {
    bool done = way == WAY_DONE;
    int rc = move(in, done ? in->cur : in->unread, done ? ":2,S" : "");
    if (rc < 0) { /* it is read again, and said under the same key */
        trouble(in, "move", rc);
    } else if (done) {
        log_info("mail_read", "message=%s", in->key);
        in->in_trouble = false;
    } else {
        log_warn("mail_unread", "message=%s reason=%s a person must read it", in->key,
                 in->said.reason);
        in->in_trouble = false;
    }
    in->name[0] = '\0';
    again_after(in, rc < 0 ? LOOK_EVERY : 0);
}

static void put_unread(struct incoming *in, const char *reason) {
    (void)snprintf(in->said.reason, sizeof in->said.reason, "%s", reason);
    put_away(in, WAY_UNREAD);
}

/* ---- saying it ---- */

static void say(struct incoming *in) {
    in->is_saying = true;
    int rc = in->options.ask(in->options.ctx, buf_as_bytes(&in->request));
    if (rc < 0 && rc != -EAGAIN)
        trouble(in, "say", rc);
    again_after(in, SAY_AGAIN);
}

static void begin_saying(struct incoming *in) {
    incoming_request(&in->said, in->key, &in->request);
    say(in);
}

struct reply {
    struct text id, status, code;
};

static void read_error(struct pack_reader *r, struct reply *ret) {
    struct text key;
    uint32_t n;
    if (!pack_read_map(r, &n)) {
        (void)pack_skip(r);
        return;
    }
    while (n-- && pack_read_text(r, &key))
        if (!text_is(key, "code") || !pack_read_text(r, &ret->code))
            (void)pack_skip(r);
}

static bool read_reply(struct bytes answer, struct reply *ret) {
    struct pack_reader r = pack_read(answer);
    struct text key;
    uint32_t n;
    *ret = (struct reply){.id = TEXT_NONE};
    if (!pack_is_one(answer, PACK_DEPTH) || !pack_read_map(&r, &n))
        return false;
    while (n-- && pack_read_text(&r, &key)) {
        if (text_is(key, "error"))
            read_error(&r, ret);
        else if (!(text_is(key, "id") && pack_read_text(&r, &ret->id)) &&
                 !(text_is(key, "status") && pack_read_text(&r, &ret->status)))
            (void)pack_skip(&r);
    }
    return ret->status.p != NULL;
}

/* "accepted" is asked again until it is decided. A conflict: it was said before, and understood
 * differently then; that stands. */
void incoming_take(struct incoming *in, struct bytes answer) {
    struct reply reply;
    if (!in || !in->is_saying || !read_reply(answer, &reply) || !text_is(reply.id, in->key))
        return;
    if (text_is(reply.status, "applied") || text_is(reply.status, "conflict")) {
        in->is_saying = false;
        put_away(in, in->said.after);
    } else if (text_is(reply.status, "refused") || text_is(reply.status, "quarantined")) {
        in->is_saying = false;
        log_warn("mail_refused", "message=%s code=%.*s", in->key, TEXT_ARGS(reply.code));
        put_unread(in, "refused");
    }
}

/* ---- finding the letter ---- */

static void found(struct incoming *in, const struct rec_ledger *row) {
    struct text ascii = TEXT_NONE;
    in->at = 0;
    if (row && row->address.p && compose_address(in->arena, row->address, &ascii) < 0)
        ascii = row->address;
    enum incoming_way way = incoming_judge_letter(&in->report, row, ascii, &in->said);
    if (way == WAY_SAY)
        begin_saying(in);
    else
        put_away(in, way);
}

/* A Message-ID stands in its row as it is, so most rows need not be taken apart. */
static bool is_it(struct incoming *in, struct bytes value, struct rec_ledger *ret) {
    struct text word = letter_id_word(text_of(in->report.message_id));
    struct complaint c;
    return word.n && memmem(value.p, value.n, word.p, word.n) &&
           codec_decode(&rec_shapes[REC_LEDGER], CODEC_STORED, arena_bytes(in->arena, value), ret,
                        &c) == 0 &&
           text_eq(letter_id_word(ret->message_id), word);
}

/* The last letters first: what comes back comes back soon. */
static int find_slice(struct incoming *in, struct txn *txn, bool *ret_found,
                      struct rec_ledger *ret) {
    for (unsigned i = 0; i < ROWS_A_TURN && in->at; i++, in->at--) {
        struct key key = key_no(in->at);
        struct bytes value;
        int rc = store_get(txn, TABLE_LEDGER, key_bytes(&key), &value);
        if (rc && rc != -ENOENT)
            return rc;
        if (rc == 0 && is_it(in, value, ret)) {
            *ret_found = true;
            return 0;
        }
    }
    return 0;
}

static void find(struct incoming *in) {
    struct txn *txn = NULL;
    struct rec_ledger row;
    bool is_found = false;
    int rc = store_begin_read(in->options.store, &txn);
    if (rc == 0)
        rc = find_slice(in, txn, &is_found, &row);
    store_abort(&txn);
    if (rc) {
        trouble(in, "find", rc);
        again_after(in, LOOK_EVERY);
    } else if (is_found || !in->at) {
        found(in, is_found ? &row : NULL);
    } else {
        again_after(in, 0);
    }
    arena_reset(in->arena);
}

static void begin_finding(struct incoming *in) {
    struct bytes key, value;
    struct txn *txn = NULL;
    size_t at = 0;
    int rc = store_begin_read(in->options.store, &txn);
    if (rc == 0)
        rc = store_last(txn, TABLE_LEDGER, &key, &value);
    if (rc == 0)
        must(key_next_u64(key, &at, &in->at));
    store_abort(&txn);
    if (rc == -ENOENT) {
        found(in, NULL);
    } else if (rc) {
        trouble(in, "find", rc);
        in->name[0] = '\0';
        again_after(in, LOOK_EVERY);
    } else {
        find(in);
    }
}

/* ---- reading it ---- */

static int read_some(int fd, struct buf *to) {
    char part[16 * 1024];
    while (to->n < MAIL_REPORT_READ) {
        size_t room = MAIL_REPORT_READ - to->n;
        ssize_t n = read(fd, part, room < sizeof part ? room : sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        buf_add(to, part, (size_t)n);
    }
    return 0;
}

/* NULL, or why a person must look. */
static const char *read_message(struct incoming *in) {
    struct stat info;
    buf_clear(&in->content);
    int fd = openat(in->new, in->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return "cannot-be-opened";
    const char *why = fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ? "no-file"
                      : info.st_size > FILE_MOST                     ? "too-big"
                      : read_some(fd, &in->content) < 0              ? "cannot-be-read"
                                                                     : NULL;
    (void)close(fd);
    return why;
}

static void make_key(struct incoming *in) {
    char hash[TOKEN_ID_MAX];
    struct bytes part = buf_as_bytes(&in->content);
    token_hash_text(&part, 1, hash);
    (void)snprintf(in->key, sizeof in->key, "mail-%s", hash);
}

static void begin(struct incoming *in) {
    struct mail_house house = {.message_domain = text_of(in->options.settings->message_domain),
                               .bounce_address = text_of(in->options.settings->bounce_address)};
    memset(&in->said, 0, sizeof in->said);
    const char *why = read_message(in);
    make_key(in);
    if (why) {
        put_unread(in, why);
        return;
    }
    mail_report_read(buf_as_bytes(&in->content), &house, &in->report);
    switch (incoming_judge(&in->report, in->options.links, clock_now(), &in->said)) {
    case WAY_DONE:
        put_away(in, WAY_DONE);
        break;
    case WAY_UNREAD:
        put_away(in, WAY_UNREAD);
        break;
    case WAY_FIND:
        begin_finding(in);
        break;
    case WAY_SAY:
        begin_saying(in);
        break;
    }
}

/* Any of them: they are all dealt with. */
static bool take_next(struct incoming *in) {
    int fd = openat(in->new, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        trouble(in, "list", -errno);
        return false;
    }
    for (struct dirent *e; !in->name[0] && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            (void)snprintf(in->name, sizeof in->name, "%s", e->d_name);
    (void)closedir(dir);
    return in->name[0] != '\0';
}

static void look(void *ctx) {
    struct incoming *in = ctx;
    if (in->is_saying)
        say(in);
    else if (in->at)
        find(in);
    else if (take_next(in))
        begin(in);
    else
        again_after(in, LOOK_EVERY);
}

/* ---- start and end ---- */

static int open_folder(const struct incoming_options *options, const char *name, int *ret) {
    char folder[PATH_MAX], path[PATH_MAX + 32];
    int rc = settings_path(options->home, options->settings->bounces, folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (rc == 0)
        rc = make_dir(path, 0750);
    if (rc < 0)
        return rc;
    *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? -errno : 0;
}

static int open_folders(struct incoming *in) {
    const struct {
        const char *name;
        int *fd;
    } folders[] = {{"tmp", NULL},         {"new", &in->new},     {"cur", &in->cur},
                   {".unread/tmp", NULL}, {".unread/cur", NULL}, {".unread/new", &in->unread}};
    for (unsigned i = 0; i < COUNT_OF(folders); i++) {
        int fd = -1;
        int rc = open_folder(&in->options, folders[i].name, &fd);
        if (rc < 0)
            return rc;
        if (folders[i].fd)
            *folders[i].fd = fd;
        else
            (void)close(fd);
    }
    return 0;
}

int incoming_open(struct incoming **ret, const struct incoming_options *options) {
    *ret = NULL;
    if (!options->settings->bounces[0])
        return 0;
    struct incoming *in = calloc(1, sizeof *in);
    must(in);
    in->options = *options;
    in->new = in->cur = in->unread = -1;
    buf_init(&in->content, MAIL_REPORT_READ);
    buf_init(&in->request, REQUEST_MAX);
    in->arena = arena_new();
    int rc = open_folders(in);
    if (rc < 0) {
        incoming_close(&in);
        return rc;
    }
    mail_report_start();
    again_after(in, 0);
    *ret = in;
    return 0;
}

void incoming_close(struct incoming **incoming) {
    struct incoming *in = *incoming;
    if (!in)
        return;
    loop_cancel(in->options.loop, look, in);
    const int folders[] = {in->new, in->cur, in->unread};
    for (unsigned i = 0; i < COUNT_OF(folders); i++)
        if (folders[i] >= 0)
            (void)close(folders[i]);
    buf_free(&in->content);
    buf_free(&in->request);
    arena_free(&in->arena);
    free(in);
    *incoming = NULL;
}
