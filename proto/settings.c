#include "proto/settings.h"

#include "common/config.h"
#include "common/zone.h"
#include "proto/codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTING_KIND_TEXT CONFIG_STRING
#define SETTING_KIND_INT CONFIG_INT
#define SETTING_KIND_SPAN CONFIG_SPAN
#define SETTING_UNIT_TEXT 1
#define SETTING_UNIT_INT 1
#define SETTING_UNIT_SPAN SECONDS /* the bounds of spans are given in seconds */

static const struct config_row rows[] = {
#define SETTING(kind_, name_, fallback_, least, most, doc_)                                        \
    {.name = #name_,                                                                               \
     .kind = SETTING_KIND_##kind_,                                                                 \
     .offset = offsetof(struct settings, name_),                                                   \
     .fallback = fallback_,                                                                        \
     .min = (least)*SETTING_UNIT_##kind_,                                                          \
     .max = (most)*SETTING_UNIT_##kind_,                                                           \
     .doc = doc_},
#include "proto/settings.def"
#undef SETTING
};

/* Is it one of these words, which stand between spaces? */
static bool is_one_of(const char *word, const char *words) {
    struct text rest = text_of(words), one;

    while (text_cut(&rest, ' ', &one))
        if (text_is(one, word))
            return true;
    return false;
}

static void check_word(const char *path, const char *name, const char *word, const char *words,
                       struct buf *reterr) {
    if (!is_one_of(word, words))
        config_error(reterr, path, 0, "%s: \"%s\" is not one of: %s", name, word, words);
}

/* What may stand in an address of the network: a name, or numbers with dots or colons. */
static bool is_host(const char *name) {
    return name[0] != '-' &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789.:-")] == '\0';
}

static bool is_clock(const char *hhmm) {
    struct wall unused;
    char wall[WALL_TEXT];

    snprintf(wall, sizeof wall, "2022-01-01T%.5s", hhmm);
    return strlen(hhmm) == 5 && wall_parse(text_of(wall), &unused) == 0;
}

static void check_smtp(const char *path, const struct settings *s, struct buf *reterr) {
    if (!is_host(s->smtp_host))
        config_error(reterr, path, 0, "smtp_host: \"%s\" is not the name of a host", s->smtp_host);
    if (!is_host(s->smtp_hello))
        config_error(reterr, path, 0, "smtp_hello: \"%s\" is not the name of a host",
                     s->smtp_hello);
    check_word(path, "smtp_tls", s->smtp_tls, "verified implicit required opportunistic none",
               reterr);
    if (s->smtp_user[0] && !s->smtp_password_file[0])
        config_error(reterr, path, 0, "smtp_user needs smtp_password_file");
    if (s->smtp_user[0] && !is_one_of(s->smtp_tls, "verified implicit required"))
        config_error(reterr, path, 0,
                     "smtp_user needs smtp_tls verified, implicit or required: a password does not "
                     "travel in the open");
}

static void check_mail_address(const char *path, const char *name, const char *value,
                               struct buf *reterr) {
    if (value[0] && check_address(text_of(value)))
        config_error(reterr, path, 0, "%s: \"%s\" is not an e-mail address", name, value);
}

/* Each an address, or a domain with or without its @. */
static void check_trial_only(const char *path, const char *list, struct buf *reterr) {
    char name[300];

    for (const char *at = list + strspn(list, ", "); *at; at += strspn(at, ", ")) {
        int n = (int)strcspn(at, ", ");
        const char *sign = memchr(at, '@', (size_t)n);
        snprintf(name, sizeof name, "%s%.*s", !sign ? "a@" : sign == at ? "a" : "", n, at);
        if (n > 260 || check_address(text_of(name)))
            config_error(reterr, path, 0, "trial_only: \"%.*s\" is neither an address nor a domain",
                         n, at);
        at += n;
    }
}

static void check_clock(const char *path, const char *name, const char *value, struct buf *reterr) {
    if (!is_clock(value))
        config_error(reterr, path, 0, "%s: \"%s\" is not hh:mm, 00:00 to 23:59", name, value);
}

static void check_endpoint(const char *path, const char *name, const char *value,
                           struct buf *reterr) {
    if (value[0] && !text_starts(text_of(value), "tcp://"))
        config_error(reterr, path, 0, "%s: \"%s\" does not begin with tcp://", name, value);
}

/* What the rows cannot say. */
static void check_meaning(const char *path, const struct settings *s, struct buf *reterr) {
    const struct zone *zone;

    if (zone_find(text_of(s->zone), &zone))
        config_error(reterr, path, 0, "zone: there is no time zone \"%s\"; one is Europe/Stockholm",
                     s->zone);
    if (check_address(text_of(s->sender)))
        config_error(reterr, path, 0, "sender: \"%s\" is not an e-mail address", s->sender);
    if (s->reply_to[0] && check_address(text_of(s->reply_to)))
        config_error(reterr, path, 0, "reply_to: \"%s\" is not an e-mail address", s->reply_to);
    check_mail_address(path, "bounce_address", s->bounce_address, reterr);
    check_mail_address(path, "unsubscribe_address", s->unsubscribe_address, reterr);
    if (!text_starts(text_of(s->link_base), "https://") &&
        !text_starts(text_of(s->link_base), "http://"))
        config_error(reterr, path, 0, "link_base: \"%s\" does not begin with https://",
                     s->link_base);
    check_endpoint(path, "listen", s->listen, reterr);
    check_endpoint(path, "gateway_listen", s->gateway_listen, reterr);
    check_word(path, "channel", s->channel, "maildir smtp", reterr);
    check_clock(path, "morning_at", s->morning_at, reterr);
    check_clock(path, "digest_at", s->digest_at, reterr);
    if (s->retry_first > s->retry_longest)
        config_error(reterr, path, 0, "retry_first is longer than retry_longest");
    check_word(path, "clock_guard", s->clock_guard, "on jumps trial off", reterr);
    check_word(path, "copy_guard", s->copy_guard, "on off", reterr);
    check_trial_only(path, s->trial_only, reterr);
    check_smtp(path, s, reterr);
}

int settings_read(const char *home, struct settings *ret, struct buf *reterr) {
    struct settings read;
    struct buf path;
    int rc;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/cirkel.conf", home);
    rc = path.over ? -EINVAL : config_read(buf_cstr(&path), rows, COUNT_OF(rows), &read, reterr);
    if (rc == 0) {
        size_t before = reterr->n;
        check_meaning(buf_cstr(&path), &read, reterr);
        if (reterr->n != before || reterr->over) {
            settings_free(&read);
            rc = -EINVAL;
        } else {
            *ret = read;
        }
    } else if (reterr->n == 0) {
        config_error(reterr, buf_cstr(&path), 0,
                     "cannot be read; make a home with: cirkel init DIR");
    }
    buf_free(&path);
    return rc ? -EINVAL : 0;
}

void settings_free(struct settings *settings) {
    config_free(rows, COUNT_OF(rows), settings);
}

void settings_print(struct buf *to) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    must(out != NULL);
    config_print(rows, COUNT_OF(rows), out);
    must(fclose(out) == 0);
    buf_add(to, text, n);
    free(text);
}

int settings_path(const char *home, const char *name, char *ret, size_t size) {
    bool absolute = name[0] == '/';
    int n = snprintf(ret, size, "%s%s%s", absolute ? "" : home, absolute ? "" : "/", name);

    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
