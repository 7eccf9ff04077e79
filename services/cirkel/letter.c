/* letter - a letter to an audience: who it would go to and how it reads, and then, with their
 * number typed back, sending it: held for a while in which it can be taken back. */
#include "common/zone.h"
#include "services/cirkel/heads.h"
#include "services/cirkel/send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (64 * 1024)
#define FARTHEST_WEST (13 * HOURS) /* of Greenwich, and an hour to leave in */

/* "news.da.md": its language; absent when it has none. */
static struct text language_of(const char *path) {
    struct text t = text_of(path);
    if (t.n < 7 || strcmp(path + t.n - 3, ".md") || path[t.n - 6] != '.')
        return TEXT_NONE;
    struct text language = {path + t.n - 5, 2};
    bool known = text_is(language, "da") || text_is(language, "sv") || text_is(language, "en");
    return known ? language : TEXT_NONE;
}

/* "Subject: …", an empty line, Markdown. */
static int add_file(const char *path, json_t *subject, json_t *text) {
    struct text language = language_of(path), rest, first;
    struct buf content;

    if (!language.p)
        return usage("%s: expected a name like letter.da.md, .sv.md or .en.md", path);
    if (json_object_getn(subject, language.p, language.n))
        return usage("%s: there is a file in this language already", path);
    int rc = read_file(path, FILE_MAX, &content);
    rest = text_unmarked(buf_as_text(&content));
    if (rc) {
        rc = usage("%s: %s", path, strerror(-rc));
    } else if (!text_is_utf8(rest)) {
        rc = usage("%s: is not UTF-8; save it as UTF-8", path);
    } else if (!text_starts(rest, "Subject: ") || !text_cut(&rest, '\n', &first)) {
        rc = usage("%s: expected \"Subject: …\" on the first line, then the letter", path);
    } else {
        first = text_trim((struct text){first.p + 9, first.n - 9});
        rest = text_trim(rest);
        json_object_setn_new(subject, language.p, language.n, json_stringn(first.p, first.n));
        json_object_setn_new(text, language.p, language.n, json_stringn(rest.p, rest.n));
    }
    buf_free(&content);
    return rc;
}

/* --about network:ID, meeting:ID or programme:ID. */
static int add_about(const struct options *options, json_t *body) {
    struct text id = text_of(options->about), kind;

    if (!options->about)
        return 0;
    if (!text_cut(&id, ':', &kind) ||
        !(text_is(kind, "network") || text_is(kind, "meeting") || text_is(kind, "programme")))
        return usage("--about takes network:ID, meeting:ID or programme:ID");
    json_object_setn_new(body, kind.p, kind.n, json_stringn(id.p, id.n));
    return 0;
}

static int make_body(const struct options *options, int argc, char **argv, json_t *body) {
    json_t *subject = json_object(), *text = json_object();
    int rc = add_about(options, body);

    json_object_set_new(body, "audience", json_string(argv[0]));
    json_object_set_new(body, "class", json_string(options->class_ ? options->class_ : "service"));
    for (int i = 1; rc == 0 && i < argc; i++)
        rc = add_file(argv[i], subject, text);
    json_object_set_new(body, "subject", subject);
    json_object_set_new(body, "text", text);
    return rc;
}

/* When it has left: behind its window, or behind --at in every zone there is. */
static void until_of(const struct options *options, int64_t minutes, char ret[RFC3339_TEXT]) {
    struct wall wall;

    if (options->at && wall_parse(text_of(options->at), &wall) == 0)
        instant_format(zone_instant(zone_utc(), wall) + FARTHEST_WEST, NULL, ret);
    else
        snprintf(ret, RFC3339_TEXT, "%lldm", (long long)minutes + 1);
}

/* As it will be said, but without a number; writes how many it would go to. */
static int look_at(const struct options *options, json_t *body, int64_t *ret) {
    char until[RFC3339_TEXT];
    struct heads heads;
    int64_t minutes;
    int rc = heads_window(options, &minutes);

    if (rc)
        return rc;
    if (options->window || !options->at) /* else it can be taken back until it leaves */
        json_object_set_new(body, "window", json_integer(minutes));
    if (options->at)
        json_object_set_new(body, "send_at", json_string(options->at));
    until_of(options, minutes, until);
    rc = heads_look(options, "letter.send", body, until, "letter", &heads);
    *ret = heads.counted;
    if (rc == 0 && heads.refused) {
        rc = EXIT_REFUSED;
        fprintf(stderr, "cirkel: it cannot be sent: %s\n", heads.refused);
    } else if (rc == 0 && !options->json) {
        heads_print(&heads);
        printf("\nIt would go to %lld %s.\n", (long long)*ret, plural(*ret, "person", "people"));
        if (heads.goes < *ret)
            printf("%lld of them would not get it after all, by what else goes until then.\n",
                   (long long)(*ret - heads.goes));
    } else if (rc == 0 && !options->count) {
        heads_print_json(&heads, *ret);
    }
    heads_free(&heads);
    return rc;
}

static int send_it(const struct options *options, json_t *body, int64_t goes) {
    int64_t count = 0, minutes = json_integer_value(json_object_get(body, "window"));
    int rc = heads_typed(options, "Type their number to send it", &count);

    if (rc)
        return rc;
    if (!count && !goes) {
        fprintf(options->json ? stderr : stdout,
                "Nothing was sent: there is nobody it would go to%s.\n",
                options->about ? "" : "; an audience may need --about, such as --about network:ID");
        return EXIT_DONE;
    }
    if (!count) {
        FILE *to = options->json ? stderr : stdout;
        if (options->at)
            fprintf(to, "Nothing was sent. To send it, and take it back until %s if need be, say",
                    options->at);
        else
            fprintf(to, "Nothing was sent. To send it, with %lld %s to take it back, say",
                    (long long)minutes, plural(minutes, "minute", "minutes"));
        fprintf(to, " the same with --count %lld.\n", (long long)goes);
        return EXIT_DONE;
    }
    json_object_set_new(body, "count", json_integer(count));
    rc = send_one(options, "letter.send", body);
    if (rc == EXIT_DONE && !options->json)
        puts("To take it back before then: cirkel undo, with the number of the hold.");
    return rc;
}

int verb_letter(const struct options *options, int argc, char **argv) {
    json_t *body = json_object();
    int64_t goes = 0;
    int rc = argc < 3 || strcmp(argv[0], "send")
                 ? usage("letter needs an audience and files. See: cirkel help letter")
                 : make_body(options, argc - 1, argv + 1, body);

    if (rc == 0)
        rc = look_at(options, body, &goes);
    if (rc == 0)
        rc = send_it(options, body, goes);
    json_decref(body);
    return rc;
}
