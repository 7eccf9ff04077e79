#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/journal_inner.h"

/* Only what holds records: the copy is full, and who appends to it begins a segment. */
static int copy_segment(const struct journal *journal, unsigned index, const struct journal *to) {
    const struct segment *segment = &journal->segments[index];
    struct segment_head head;
    char path[PATH_BYTES];
    size_t from = segment->number == journal->head.segment ? journal->head.offset : SEGMENT_HEAD;
    size_t end = segment_limit(journal, index);
    int r = journal_path_no(to, "log", segment->number, path);
    int fd = r < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return r < 0 ? r : -errno;
    memcpy(&head, segment->map, sizeof head);
    head.size = end;
    r = segment_head_write(fd, &head);
    if (r == 0)
        r = journal_write_at(fd, segment->map + from, end - from, from);
    if (r == 0 && (ftruncate(fd, (off_t)end) < 0 || fsync(fd) < 0))
        r = -errno;
    close(fd);
    return r;
}

int journal_copy(struct journal *journal, const char *dir) {
    struct journal to = {.head = {.segment = 0}};
    struct mark mark;
    int r = text_copy(text_of(dir), to.dir, sizeof to.dir);
    if (r == 0)
        r = make_dir(dir, 0750);
    if (r == 0 && !journal->writer)
        r = journal_load(journal); /* of one moment: the head and what it speaks of */
    for (unsigned i = 0; i < journal->count && r == 0; i++)
        r = copy_segment(journal, i, &to);
    if (r == 0)
        r = shelf_copy(journal, &to);
    if (r == 0 && mark_read(journal, &mark) &&
        (mark.first != journal->head.first || mark.digest_first != journal->head.digest_first))
        r = -EAGAIN; /* pages were given back meanwhile */
    to.head = journal->head;
    return r < 0 ? r : head_write(&to);
}
