#include "services/cirkel/report.h"

#include "services/cirkel/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define REPORT_MAX ((size_t)256 << 20)
#define PATH_ROOM 4096
#define PLOT_FILE "hours.svg"

static int write_one(const char *dir, const char *name, const struct buf *text) {
    char path[PATH_ROOM];
    int rc = -ENAMETOOLONG;

    if (text->over)
        rc = -EFBIG;
    else if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) < sizeof path)
        rc = write_file(path, 0600, buf_as_bytes(text));
    return rc ? trouble("%s/%s could not be written: %s", dir, name, strerror(-rc)) : EXIT_DONE;
}

static int print_one(const struct buf *text) {
    if (text->over)
        return trouble("the report is too long to be printed");
    fwrite(text->p, 1, text->n, stdout);
    return EXIT_DONE;
}

static int write_markdown(const struct paper *paper, const char *dir, struct buf *text) {
    int rc = EXIT_DONE;

    if (dir && paper->plot.first) {
        report_svg(paper, text);
        rc = write_one(dir, PLOT_FILE, text);
        buf_clear(text);
    }
    report_markdown(paper, dir ? PLOT_FILE : NULL, text);
    if (rc)
        return rc;
    return dir ? write_one(dir, "report.md", text) : print_one(text);
}

static int write_html(const struct paper *paper, const char *dir, struct buf *text) {
    report_html(paper, text);
    return dir ? write_one(dir, "report.html", text) : print_one(text);
}

static int write_csv(const struct paper *paper, const char *dir, struct buf *text) {
    char name[64];
    int rc = EXIT_DONE;

    for (const struct paper_table *t = paper->first; rc == 0 && t; t = t->next) {
        buf_clear(text);
        report_csv(paper, t, text);
        snprintf(name, sizeof name, "%s.csv", t->name);
        if (dir)
            rc = write_one(dir, name, text);
        else if (strcmp(t->name, "hours") == 0)
            rc = print_one(text);
    }
    return rc;
}

static const struct {
    const char *name;
    int (*write)(const struct paper *paper, const char *dir, struct buf *text);
} formats[] = {{"md", write_markdown}, {"html", write_html}, {"csv", write_csv}};

static int find_format(const char *name) {
    for (unsigned i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(formats[i].name, name ? name : formats[0].name) == 0)
            return (int)i;
    return -1;
}

static int write_report(const struct options *options, int format, const struct paper *paper) {
    struct buf text;
    int rc = options->out ? make_dir(options->out, 0700) : 0;

    if (rc)
        return trouble("%s could not be made: %s", options->out, strerror(-rc));
    buf_init(&text, REPORT_MAX);
    rc = formats[format].write(paper, options->out, &text);
    buf_free(&text);
    if (rc == 0 && options->out)
        printf("Written to %s.\n", options->out);
    return rc;
}

int verb_report(const struct options *options, int argc, char **argv) {
    struct report report = {.bad = 0};
    int format = find_format(options->format), rc;

    if (argc != 1 || format < 0)
        return usage(
            "report needs a programme, and --format md, html or csv. See: cirkel help report");
    rc = look_open(&report.look, options->home);
    if (rc)
        return rc;
    rc = report_read(&report, options->home, argv[0], options->until);
    look_close(&report.look);
    if (rc == -ENOENT)
        rc = trouble("there is no programme %s. See: cirkel list programme", argv[0]);
    else if (rc == -EINVAL)
        rc = usage("--until takes a day: 2022-05-24");
    else if (rc)
        rc = trouble("not all could be read: %s. See: cirkel verify", strerror(-rc));
    else
        rc = write_report(options, format, report.paper);
    paper_free(&report.paper);
    if (rc == 0 && report.bad)
        return trouble("%u rows cannot be read, and are left out. See: cirkel verify", report.bad);
    return rc;
}
