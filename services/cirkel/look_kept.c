#include "services/cirkel/look_kept.h"

#include "common/pack.h"
#include "services/cirkel/home.h"
#include "services/cirkel/when.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/* What it takes of the disk: files are laid out ahead, and may have holes. */
static uint64_t bytes_of(const char *home, const char *folder) {
    char path[HOME_PATH], file[HOME_PATH];
    uint64_t bytes = 0;
    struct stat st;
    DIR *dir;

    home_path(path, home, folder);
    dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        home_path(file, path, e->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_blocks * 512;
    }
    if (dir)
        (void)closedir(dir);
    return bytes;
}

static int moment_of(struct bytes row, instant *ret) {
    struct rec_inputs rec;
    struct rec_input input;
    struct bytes one;
    uint32_t count;
    int rc = look_decode(REC_INPUTS, row, &rec);
    if (rc)
        return rc;
    struct pack_reader r = pack_read(rec.batch);
    if (!pack_read_array(&r, &count) || !pack_read_raw(&r, &one))
        return -EBADMSG;
    rc = look_decode(REC_INPUT, one, &input);
    if (rc == 0)
        *ret = input.now;
    return rc;
}

/* Whether the inputs that are kept begin where the last backup ends, or with the first. */
static int find_gone(struct look *look, uint64_t in_backup, instant *ret) {
    struct bytes key, value;
    uint64_t oldest;
    size_t at = 0;
    int rc = store_seek(look->txn, TABLE_INPUTS, (struct bytes){"", 0}, &key, &value);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!key_next_u64(key, &at, &oldest))
        return -EBADMSG;
    return oldest <= in_backup + 1 ? 0 : moment_of(value, ret);
}

int look_kept(struct look *look, const char *home, uint64_t first, uint64_t last, uint64_t position,
              struct look_kept *ret) {
    struct rec_backup backup;
    struct bytes key, value;
    int rc = store_last(look->txn, TABLE_BACKUP, &key, &value);

    *ret = (struct look_kept){.events = last && first ? last - first + 1 : 0,
                              .bytes = bytes_of(home, "inbox"),
                              .since = position};
    if (rc)
        return rc == -ENOENT ? find_gone(look, 0, &ret->gone) : rc;
    rc = look_decode(REC_BACKUP, value, &backup);
    if (rc)
        return rc;
    ret->backup = backup.at;
    ret->since = position - (uint64_t)backup.position;
    rc = text_copy(backup.path, ret->path, sizeof ret->path);
    return rc ? rc : find_gone(look, (uint64_t)backup.no, &ret->gone);
}

json_t *look_kept_tree(const struct look_kept *k, const char *zone) {
    char at[RFC3339_TEXT], gone[RFC3339_TEXT];

    when_format(k->backup, text_of(zone), at);
    when_format(k->gone, text_of(zone), gone);
    return json_pack("{s:I,s:I,s:I,s:o,s:o,s:o}", "events", (json_int_t)k->events, "bytes",
                     (json_int_t)k->bytes, "since_backup", (json_int_t)k->since, "backup",
                     k->backup ? json_string(at) : json_null(), "path",
                     k->backup ? json_string(k->path) : json_null(), "gone_before",
                     k->gone ? json_string(gone) : json_null());
}

void look_kept_print(const struct look_kept *k, const char *zone) {
    char at[RFC3339_TEXT];

    if (!k->events)
        return;
    when_format(k->backup, text_of(zone), at);
    printf("kept    %" PRIu64 " events in %.1f MB, ", k->events, (double)k->bytes / 1e6);
    if (k->backup)
        printf("%" PRIu64 " of them since the backup of %s, in %s\n", k->since, at, k->path);
    else
        puts("until a backup is made: cirkel backup DIR (or for keep_inputs, without one)");
    if (!k->gone)
        return;
    when_format(k->gone, text_of(zone), at);
    printf("        what came before %s was let go (keep_inputs_mb, keep_inputs or an erasure):\n"
           "        verify --replay begins at the next backup: cirkel backup DIR\n",
           at);
}
