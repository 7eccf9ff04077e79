#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/journal_inner.h"

#define ROWS_A_FILE 65536u
#define ROW_IS_THERE 1u

struct row { /* of a digest; its place says whose it is */
    uint8_t digest[DIGEST_BYTES];
    uint32_t is_there, sum;
};
struct slot { /* of the ring */
    uint64_t no;
    uint32_t size, sum;
    uint8_t bytes[ASIDE_BYTES];
};

_Static_assert(sizeof(struct row) == DIGEST_ROW_BYTES, "rows have no gaps");

#define FILE_BYTES ((size_t)ROWS_A_FILE * sizeof(struct row))

static uint64_t file_of(uint64_t seq) {
    return (seq - 1) / ROWS_A_FILE;
}

static size_t place_of(uint64_t seq) {
    return (size_t)((seq - 1) % ROWS_A_FILE) * sizeof(struct row);
}

static uint32_t row_sum(const struct row *row, uint64_t seq) {
    return crc32c((uint32_t)seq, row, offsetof(struct row, sum));
}

static uint32_t slot_sum(const struct slot *slot) {
    return crc32c((uint32_t)slot->no ^ slot->size, slot->bytes, slot->size);
}

static int close_synced(int *fd) {
    int r = *fd >= 0 && fdatasync(*fd) < 0 ? -errno : 0;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return r;
}

static int open_sized(struct journal *journal, const char *path, size_t size, int *ret) {
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640), r = 0;
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0640) < 0 || fstat(fd, &st) < 0)
        r = -errno;
    if (r == 0 && (size_t)st.st_size < size) {
        r = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
        journal->is_dir_dirty = true;
    }
    if (r < 0)
        close(fd);
    else
        *ret = fd;
    return r;
}

int shelf_put_digest(struct journal *journal, uint64_t seq, const uint8_t *digest) {
    char path[PATH_BYTES];
    struct row row = {.is_there = ROW_IS_THERE};
    int r = 0;
    if (journal->shelf >= 0 && journal->shelf_number != file_of(seq))
        r = close_synced(&journal->shelf);
    if (r == 0 && journal->shelf < 0) {
        journal->shelf_number = file_of(seq);
        r = journal_path_no(journal, "digest", journal->shelf_number, path);
        if (r == 0)
            r = open_sized(journal, path, FILE_BYTES, &journal->shelf);
    }
    memcpy(row.digest, digest, sizeof row.digest);
    row.sum = row_sum(&row, seq);
    return r < 0 ? r : journal_write_at(journal->shelf, &row, sizeof row, place_of(seq));
}

int shelf_put_aside(struct journal *journal, uint64_t no, struct bytes aside) {
    char path[PATH_BYTES];
    struct slot slot = {.no = no, .size = (uint32_t)aside.n};
    int r = 0;
    must(aside.n <= ASIDE_BYTES);
    if (journal->ring < 0) {
        r = journal_path(journal, "aside", path);
        if (r == 0)
            r = open_sized(journal, path, ASIDES_KEPT * sizeof slot, &journal->ring);
    }
    if (aside.n > 0)
        memcpy(slot.bytes, aside.p, aside.n);
    slot.sum = slot_sum(&slot);
    return r < 0 ? r
                 : journal_write_at(journal->ring, &slot, sizeof slot,
                                    (no - 1) % ASIDES_KEPT * sizeof slot);
}

int shelf_sync(struct journal *journal) {
    if ((journal->shelf >= 0 && fdatasync(journal->shelf) < 0) ||
        (journal->ring >= 0 && fdatasync(journal->ring) < 0))
        return -errno;
    int r = journal->is_dir_dirty ? sync_dir(journal->dir) : 0;
    if (r == 0)
        journal->is_dir_dirty = false;
    return r;
}

void shelf_forget(struct journal *journal, uint64_t before) {
    char path[PATH_BYTES];
    uint64_t now = journal->head.digest_first;
    for (uint64_t number = file_of(before); number < file_of(now); number++)
        if (journal_path_no(journal, "digest", number, path) == 0)
            (void)unlink(path);
    if (journal_path_no(journal, "digest", file_of(now), path) == 0)
        journal_punch(path, file_of(before) < file_of(now) ? 0 : place_of(before), place_of(now));
}

static void unmap_rows(struct rows *rows) {
    if (rows->map != NULL)
        munmap(rows->map, FILE_BYTES);
    rows->map = NULL;
}

static int map_rows(struct journal *journal, uint64_t number) {
    char path[PATH_BYTES];
    struct stat st;
    if (journal->rows.map != NULL && journal->rows.number == number)
        return 0;
    unmap_rows(&journal->rows);
    int r = journal_path_no(journal, "digest", number, path);
    int fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return r < 0 ? r : errno == ENOENT ? -EBADMSG : -errno;
    void *map = MAP_FAILED;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if ((size_t)st.st_size < FILE_BYTES)
        r = -EBADMSG;
    else if ((map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED)
        r = -errno;
    close(fd);
    if (r == 0)
        journal->rows = (struct rows){number, map};
    return r;
}

int shelf_digest(struct journal *journal, uint64_t seq, struct journal_digest *ret) {
    struct row row;
    int r = map_rows(journal, file_of(seq));
    if (r < 0)
        return r;
    memcpy(&row, journal->rows.map + place_of(seq), sizeof row);
    if (row.is_there != ROW_IS_THERE || row.sum != row_sum(&row, seq))
        return -EBADMSG;
    digest_decode(row.digest, ret);
    return 0;
}

int shelf_aside(struct journal *journal, uint64_t no, struct buf *ret) {
    char path[PATH_BYTES];
    struct slot slot;
    int r = journal_path(journal, "aside", path);
    int fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return r < 0 ? r : errno == ENOENT ? -EBADMSG : -errno;
    ssize_t n = pread(fd, &slot, sizeof slot, (off_t)((no - 1) % ASIDES_KEPT * sizeof slot));
    close(fd);
    if (n != sizeof slot || slot.no != no || slot.size > ASIDE_BYTES || slot.sum != slot_sum(&slot))
        return n < 0 ? -errno : -EBADMSG;
    buf_clear(ret);
    buf_add(ret, slot.bytes, slot.size);
    return 0;
}

/* The same name in another folder; what is not here is not there. */
static int copy_file(const char *from, const char *to) {
    char part[4096];
    int in = open(from, O_RDONLY | O_CLOEXEC), r = 0;
    if (in < 0)
        return errno == ENOENT ? 0 : -errno;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (out < 0)
        r = -errno;
    size_t at = 0;
    while (r == 0) {
        ssize_t n = pread(in, part, sizeof part, (off_t)at);
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        r = journal_write_at(out, part, (size_t)n, at);
        at += (size_t)n;
    }
    if (r == 0 && fsync(out) < 0)
        r = -errno;
    if (out >= 0)
        close(out);
    close(in);
    return r;
}

int shelf_copy(struct journal *journal, const struct journal *to) {
    char from[PATH_BYTES], there[PATH_BYTES];
    int r = journal_path(journal, "aside", from);
    if (r == 0)
        r = journal_path(to, "aside", there);
    if (r == 0)
        r = copy_file(from, there);
    for (uint64_t number = file_of(journal->head.digest_first);
         r == 0 && journal->head.digest_first < journal->head.first &&
         number <= file_of(journal->head.first - 1);
         number++) {
        r = journal_path_no(journal, "digest", number, from);
        if (r == 0)
            r = journal_path_no(to, "digest", number, there);
        if (r == 0)
            r = copy_file(from, there);
    }
    return r;
}

void shelf_close(struct journal *journal) {
    unmap_rows(&journal->rows);
    if (journal->shelf >= 0)
        close(journal->shelf);
    if (journal->ring >= 0)
        close(journal->ring);
    journal->shelf = journal->ring = -1;
}
