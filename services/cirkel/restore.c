/* restore - a home from a backup: another generation, and an inbox of its own from here on. */
#include "common/clock.h"
#include "common/journal.h"
#include "common/token.h"
#include "proto/instance.h"
#include "services/cirkel/backup.h"
#include "services/cirkel/backup_place.h"
#include "services/cirkel/child.h"
#include "services/cirkel/home.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct restoring {
    const char *from, *home;
    struct backup_place place;
    char aside[HOME_PATH]; /* "" when nothing was there */
    struct backup backup;
    bool has_keys;
};

static int64_t generation_after(const struct restoring *r) {
    struct instance there;
    int64_t last = r->backup.generation;

    if (instance_read(r->home, &there) == 0 && there.generation > last)
        last = there.generation;
    return last + 1;
}

/* The numbers it gives from now on are not those the original gives. */
static int renew_inbox(struct restoring *r, int64_t *ret) {
    char path[HOME_PATH];
    struct journal *inbox = NULL;
    uint64_t generation = 0;

    home_path(path, r->place.part, "inbox");
    int rc = journal_open(&inbox, path, true, 0);
    if (rc == 0)
        rc = journal_renew(inbox);
    if (rc == 0)
        rc = journal_generation(inbox, &generation);
    journal_close(&inbox);
    *ret = (int64_t)generation;
    return rc;
}

/* A trial home goes on at the moment it had come to. */
static int set_clock(const struct restoring *r) {
    char path[HOME_PATH];
    instant now;

    home_path(path, r->place.part, "run/clock");
    if (!r->backup.clock[0] || !home_is_trial(r->place.part))
        return 0;
    return instant_parse(text_of(r->backup.clock), &now) ? -EBADMSG : clock_set(path, now, false);
}

static int name_it(struct restoring *r) {
    struct instance instance = {.instance = r->backup.instance, .generation = generation_after(r)};
    int rc = renew_inbox(r, &instance.inbox);

    snprintf(instance.restored, sizeof instance.restored, "made %s", r->backup.made);
    return rc ? rc : instance_write(r->place.part, &instance);
}

static int look_for_keys(const char *home) {
    struct token_key key;
    char path[HOME_PATH];

    home_path(path, home, "keys/links.key");
    int rc = token_key_load(path, &key);
    explicit_bzero(&key, sizeof key);
    return rc;
}

/* Those of the home first, which are later ones: what was revoked since stays so. Damaged ones are
 * better than none: the others beside them need not be. */
static int copy_keys(struct restoring *r) {
    int home = look_for_keys(r->home), from = look_for_keys(r->from);
    const char *place = home == 0         ? r->home
                        : from == 0       ? r->from
                        : home != -ENOENT ? r->home
                        : from != -ENOENT ? r->from
                                          : NULL;

    r->has_keys = place != NULL;
    return place ? backup_copy_keys(place, r->place.part)
                 : home_make_keys(r->place.part, home_is_trial(r->place.part));
}

static int fill(struct restoring *r) {
    int rc = home_make_folders(r->place.part);

    if (rc == 0)
        rc = backup_copy_folder(r->from, r->place.part, "core");
    if (rc == 0)
        rc = backup_copy_folder(r->from, r->place.part, "inbox");
    if (rc == 0)
        rc = backup_copy_config(r->from, r->place.part);
    if (rc == 0)
        rc = copy_keys(r);
    if (rc == 0)
        rc = set_clock(r);
    return rc ? rc : name_it(r);
}

/* Letters that left from the old home are what the new one is compared with. */
static int take_outgoing(struct restoring *r) {
    char old[HOME_PATH], new[HOME_PATH];
    static const char *const folders[] = {"outgoing/new", "outgoing/cur", "outgoing/tmp"};

    home_path(old, r->aside, "outgoing");
    home_path(new, r->home, "outgoing");
    if (access(old, F_OK))
        return 0;
    for (unsigned i = 0; i < COUNT_OF(folders); i++) {
        char empty[HOME_PATH];
        home_path(empty, r->home, folders[i]);
        (void)rmdir(empty);
    }
    (void)rmdir(new);
    return rename(old, new) ? -errno : 0;
}

static int put_in_place(struct restoring *r, bool is_there) {
    if (is_there && home_is_in_use(r->home)) /* somebody has started it while all was copied */
        return -EBUSY;
    if (is_there) {
        snprintf(r->aside, sizeof r->aside, "%s.before-%lld", r->home, (long long)time(NULL));
        if (rename(r->home, r->aside))
            return -errno;
    }
    int rc = backup_place_name(&r->place);
    if (rc && is_there && rename(r->aside, r->home) == 0)
        r->aside[0] = 0;
    return rc || !is_there ? rc : take_outgoing(r);
}

static int make(struct restoring *r, bool is_there) {
    int rc = backup_place_make(&r->place);
    if (rc)
        return trouble("%s: %s; nothing was done", r->place.part, strerror(-rc));
    rc = fill(r);
    if (rc == 0)
        rc = put_in_place(r, is_there);
    if (rc == 0)
        return 0;
    backup_place_clear(&r->place);
    if (r->aside[0])
        return trouble("%s was not restored as a whole: %s; what was there before is in %s",
                       r->home, strerror(-rc), r->aside);
    if (rc == -EBUSY)
        return trouble(
            "the service of %s was started meanwhile; stop it first. Nothing was restored",
            r->home);
    return trouble("%s was not restored: %s; nothing is left of it", r->home, strerror(-rc));
}

static void print(const struct restoring *r, bool json) {
    if (json) {
        tree_print_line(json_pack("{s:s,s:s,s:I,s:b,s:s}", "home", r->home, "made", r->backup.made,
                                  "position", (json_int_t)r->backup.position, "keys",
                                  (int)r->has_keys, "aside", r->aside));
        return;
    }
    printf("Restored %s from the backup made %s: events up to %" PRId64 ".\n", r->home,
           r->backup.made, r->backup.position);
    if (r->aside[0])
        printf("What was there is in %s; its outgoing letters went along.\n", r->aside);
    if (!r->has_keys)
        printf("New keys were made: frontends need the new public key, and links in letters that "
               "were\n"
               "sent before do not work any more. With the old keys/ in place they do.\n");
    puts("What was said since is not in it, erasures and opt-outs neither: have it said again "
         "before "
         "you release.");
    printf("\nIt writes to nobody until you have looked:\n"
           "  cirkel run%s --home %s\n"
           "  cirkel release --hold --mail-log LOG --home %s\n",
           r->backup.clock[0] && home_is_trial(r->home) ? " --clock" : "", r->home, r->home);
}

/* What a backup has in any case; NULL: it is all there. */
static const char *missing(const char *backup) {
    static const char *const parts[] = {"core/data.mdb", "inbox/head", "cirkel.conf", "rules",
                                        "letters"};
    char path[HOME_PATH];

    for (unsigned i = 0; i < COUNT_OF(parts); i++) {
        home_path(path, backup, parts[i]);
        if (access(path, F_OK))
            return parts[i];
    }
    return NULL;
}

/* A home with rules or letters that cannot be read would not start. */
static int check_reading(struct restoring *r) {
    char program[HOME_PATH];
    int rc = home_program("scheduler", program);
    if (rc)
        return trouble("the program scheduler was not found; is the installation complete?");
    rc = child_check(program, r->from, NULL);
    if (rc < 0)
        return trouble("%s: %s; nothing was restored", program, strerror(-rc));
    if (rc)
        fprintf(stderr,
                "cirkel: the settings, rules or letters in %s cannot be read; nothing was "
                "restored. They\n        are plain files: put right what is said above, or take an "
                "earlier backup\n",
                r->from);
    return rc == 0 || rc == EXIT_USAGE ? rc : EXIT_TROUBLE;
}

static int check_backup(struct restoring *r) {
    struct instance there;
    uint64_t findings = 0;
    const char *part;
    int rc = backup_read(r->from, &r->backup);

    if (rc)
        return usage("%s is no backup (%s)", r->from, strerror(-rc));
    if (instance_read(r->home, &there) == 0 && there.instance != r->backup.instance)
        return usage("%s is the home of another office than %s, and its keys and letters do not "
                     "belong to it; name another folder",
                     r->home, r->from);
    part = missing(r->from);
    if (part)
        return trouble("%s is not whole: there is no %s in it; nothing was restored. Take an "
                       "earlier backup",
                       r->from, part);
    rc = verify_quietly(r->from, &findings);
    if (rc || findings)
        fprintf(stderr, "cirkel: the backup is damaged; nothing was restored. Take an earlier one, "
                        "or a copy of it\n");
    return rc ? rc : findings ? EXIT_FOUND : check_reading(r);
}

static int check_home(struct restoring *r, bool replace, bool *ret_there) {
    int rc = backup_is_empty(r->home);

    *ret_there = rc == -EEXIST;
    if (rc && rc != -EEXIST)
        return usage("%s: %s", r->home, strerror(-rc));
    if (*ret_there && home_is_in_use(r->home))
        return trouble("the service runs in %s; stop it first", r->home);
    if (*ret_there && !replace)
        return usage("%s is not empty; name another folder, or move it aside with --replace",
                     r->home);
    return *ret_there ? home_need_own(r->home) : 0;
}

int verb_restore(const struct options *options, int argc, char **argv) {
    struct restoring r = {0};
    bool is_there;
    int rc;

    if (argc != 2)
        return usage("restore needs a backup and a home: cirkel restore BACKUP HOME");
    rc = backup_place("restore", argv[1], &r.place);
    if (rc)
        return rc;
    r.from = argv[0];
    r.home = r.place.folder;
    if (strlen(r.from) > HOME_PATH / 2 || strlen(r.home) > HOME_NAME_MAX)
        return usage("%s: too long a name", strlen(r.home) > HOME_NAME_MAX ? r.home : r.from);
    if (backup_is_within(r.home, r.from))
        return usage("%s lies in the backup itself; name another folder", r.home);
    rc = check_home(&r, options->replace != NULL, &is_there);
    if (rc == 0)
        rc = check_backup(&r);
    if (rc == 0)
        rc = make(&r, is_there);
    if (rc)
        return rc;
    print(&r, options->json != NULL);
    return EXIT_DONE;
}
