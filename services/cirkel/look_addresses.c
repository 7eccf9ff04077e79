#include "services/cirkel/look_addresses.h"

#include "proto/address.h"
#include "proto/settings.h"
#include "services/cirkel/home.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct gathering {
    struct look *look;
    struct look_addresses *to;
};

/* Not if she has another address by now. */
static bool is_hers(struct look *look, const struct rec_suppression *s) {
    char id[ADDRESS_ID_MAX];
    struct rec_person who;
    struct key key = LOOK_KEY(s->person);

    if (look_get(look, TABLE_PERSON, &who, key_bytes(&key)) || !who.email.p)
        return false;
    address_id(who.email, id);
    return text_is(s->suppression, id);
}

static int on_suppression(void *ctx, struct bytes key, struct bytes value) {
    struct gathering *g = ctx;
    struct look_addresses *a = g->to;
    struct rec_suppression s;

    (void)key;
    if (look_decode(REC_SUPPRESSION, value, &s))
        return 0;
    if (!text_is(s.state, "suppressed")) {
        a->watched += text_is(s.state, "watched");
        return 0;
    }
    a->hard += text_is(s.cause, "hard");
    a->soft += text_is(s.cause, "soft");
    a->complaint += text_is(s.cause, "complaint");
    if (!s.unsent || text_is(s.cause, "complaint") || !is_hers(g->look, &s))
        return 0;
    if (a->without < LOOK_ADDRESSES_NAMED &&
        text_copy(s.person, a->named[a->without], sizeof a->named[0]))
        return 0;
    a->without++;
    return 0;
}

static uint64_t count_files(const char *path) {
    DIR *dir = opendir(path);
    uint64_t n = 0;

    for (struct dirent *e; dir && (e = readdir(dir));)
        n += e->d_name[0] != '.';
    if (dir)
        (void)closedir(dir);
    return n;
}

static unsigned count_names(const char *list) {
    unsigned n = 0;
    for (list += strspn(list, ", "); *list; list += strspn(list, ", "), n++)
        list += strcspn(list, ", ");
    return n;
}

static void read_settings(const char *home, struct look_addresses *ret) {
    char folder[HOME_PATH];
    struct settings settings;
    struct buf errors;

    buf_init(&errors, 8192);
    if (settings_read(home, &settings, &errors) == 0) {
        ret->trial_only = count_names(settings.trial_only);
        if (settings.bounces[0] &&
            settings_path(home, settings.bounces, folder, sizeof folder) == 0) {
            (void)snprintf(ret->folder, sizeof ret->folder, "%s/.unread/new", folder);
            ret->unread = count_files(ret->folder);
        }
        settings_free(&settings);
    }
    buf_free(&errors);
}

int look_addresses(struct look *look, const char *home, struct look_addresses *ret) {
    *ret = (struct look_addresses){.hard = 0};
    read_settings(home, ret);
    return store_scan(look->txn, TABLE_SUPPRESSION, (struct bytes){"", 0}, on_suppression,
                      &(struct gathering){look, ret});
}

json_t *look_addresses_tree(const struct look_addresses *a) {
    json_t *named = json_array();

    for (unsigned i = 0; i < a->without && i < LOOK_ADDRESSES_NAMED; i++)
        json_array_append_new(named, json_string(a->named[i]));
    return json_pack("{s:{s:I,s:I,s:I},s:I,s:I,s:o,s:I,s:I}", "suppressed", "hard",
                     (json_int_t)a->hard, "soft", (json_int_t)a->soft, "complaint",
                     (json_int_t)a->complaint, "watched", (json_int_t)a->watched, "without",
                     (json_int_t)a->without, "no_address_for", named, "mail_unread",
                     (json_int_t)a->unread, "trial_only", (json_int_t)a->trial_only);
}

void look_addresses_print(const struct look_addresses *a) {
    if (a->trial_only)
        printf(
            "trial   nobody is written to but %u addresses and domains (the setting trial_only)\n",
            a->trial_only);
    if (a->hard || a->soft || a->complaint || a->watched)
        printf("addresses %" PRIu64 " suppressed: %" PRIu64 " refused for good, %" PRIu64
               " for a while, %" PRIu64 " after a complaint; %" PRIu64 " watched. See: cirkel list "
               "suppression\n",
               a->hard + a->soft + a->complaint, a->hard, a->soft, a->complaint, a->watched);
    if (a->without) {
        printf("NO ADDRESS WORKS for");
        for (unsigned i = 0; i < a->without && i < LOOK_ADDRESSES_NAMED; i++)
            printf("%s %s", i ? "," : "", a->named[i]);
        if (a->without > LOOK_ADDRESSES_NAMED)
            printf(" and %" PRIu64 " more", a->without - LOOK_ADDRESSES_NAMED);
        puts(": letters they need were not sent. Ask them another way.");
    }
    if (a->unread)
        printf("mail    %" PRIu64 " %s for a person, in %s\n", a->unread,
               plural((int64_t)a->unread, "message waits", "messages wait"), a->folder);
}
