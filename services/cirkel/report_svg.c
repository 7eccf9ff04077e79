/* report_svg - hours against time: a panel for each participation, all on the same scales. */
#include "services/cirkel/report_paper.h"

#define ACROSS 3
#define WIDTH 320 /* of a panel with its margins */
#define HEIGHT 210
#define LEFT 46
#define TOP 34
#define PLOT_WIDTH 256
#define PLOT_HEIGHT 136
#define STEPS 4       /* lines of the scale */
#define TITLE_MOST 40 /* characters that fit over a panel */

struct scale {
    int64_t days, minutes; /* the most of both; never 0 */
};

static struct scale find_scale(const struct plot *plot) {
    struct scale scale = {plot->days > 0 ? plot->days : 1, 60};
    int64_t step = 60 * STEPS;

    for (const struct plot_panel *p = plot->first; p; p = p->next) {
        if (p->minutes > scale.minutes)
            scale.minutes = p->minutes;
        if (p->budget > scale.minutes)
            scale.minutes = p->budget;
    }
    while (step * 20 < scale.minutes) /* whole hours on every line, few of them odd */
        step *= 10;
    scale.minutes = (scale.minutes + step - 1) / step * step;
    return scale;
}

static double x_of(const struct scale *scale, int64_t day) {
    int64_t d = day < 0 ? 0 : day > scale->days ? scale->days : day;
    return LEFT + (double)d * PLOT_WIDTH / (double)scale->days;
}

static double y_of(const struct scale *scale, int64_t minutes) {
    return TOP + PLOT_HEIGHT - (double)minutes * PLOT_HEIGHT / (double)scale->minutes;
}

static void write_axes(const struct paper *paper, const struct scale *scale, struct buf *to) {
    for (int i = 0; i <= STEPS; i++) {
        int64_t minutes = scale->minutes * i / STEPS;
        double y = y_of(scale, minutes);
        buf_printf(to,
                   "<path class=\"g\" d=\"M%d %.1fh%d\"/><text class=\"r\" x=\"%d\" y=\"%.1f\">",
                   LEFT, y, PLOT_WIDTH, LEFT - 6, y + 4);
        paper_show_hours(paper, minutes, true, to);
        buf_str(to, "</text>");
    }
    buf_printf(to, "<text x=\"%d\" y=\"%d\">%.7s</text>", LEFT, TOP + PLOT_HEIGHT + 18,
               paper->plot.starts.p);
    buf_printf(to, "<text class=\"r\" x=\"%d\" y=\"%d\">%.7s</text>\n", LEFT + PLOT_WIDTH,
               TOP + PLOT_HEIGHT + 18, paper->plot.ends.p);
}

static void write_line(const struct plot *plot, const struct plot_panel *p,
                       const struct scale *scale, struct buf *to) {
    int64_t before = 0;

    buf_printf(to, "<path class=\"h\" d=\"M%.1f %.1f", x_of(scale, 0), y_of(scale, 0));
    for (unsigned i = 0; i < p->count; i++) {
        double x = x_of(scale, p->points[i].day);
        buf_printf(to, "L%.1f %.1fL%.1f %.1f", x, y_of(scale, before), x,
                   y_of(scale, p->points[i].minutes));
        before = p->points[i].minutes;
    }
    buf_printf(to, "L%.1f %.1f\"/>\n", x_of(scale, plot->today), y_of(scale, before));
}

static struct text shortened(struct text t) {
    size_t n = 0, i = 0;

    while (i < t.n && n < TITLE_MOST) {
        for (i++; i < t.n && (t.p[i] & 0xc0) == 0x80; i++)
            ;
        n++;
    }
    return (struct text){t.p, i};
}

static void write_panel(const struct paper *paper, const struct plot_panel *p, unsigned at,
                        const struct scale *scale, struct buf *to) {
    buf_printf(to, "<g transform=\"translate(%u %u)\">\n<text class=\"t\" x=\"%d\" y=\"16\">",
               at % ACROSS * WIDTH, at / ACROSS * HEIGHT, LEFT);
    buf_html(to, shortened(p->title));
    buf_str(to, "</text>");
    write_axes(paper, scale, to);
    if (p->budget)
        buf_printf(to, "<path class=\"b\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x_of(scale, 0),
                   y_of(scale, 0), x_of(scale, scale->days), y_of(scale, p->budget));
    write_line(&paper->plot, p, scale, to);
    buf_str(to, "</g>\n");
}

/* What the picture says, for whoever does not see it. */
static void write_description(const struct paper *paper, struct buf *to) {
    buf_printf(to, "<title id=\"plot-title\">%s</title>\n<desc id=\"plot-desc\">",
               report_word(paper->language, WORD_plot));
    for (const struct plot_panel *p = paper->plot.first; p; p = p->next) {
        buf_html(to, p->title);
        buf_str(to, ": ");
        paper_show_hours(paper, p->minutes, true, to);
        buf_printf(to, " %s", report_word(paper->language, WORD_hours_unit));
        if (p->budget) {
            buf_printf(to, " %s ", report_word(paper->language, WORD_of));
            paper_show_hours(paper, p->budget, true, to);
        }
        buf_str(to, p->next ? "; " : ".");
    }
    buf_str(to, "</desc>\n");
}

void report_svg(const struct paper *paper, struct buf *to) {
    struct scale scale = find_scale(&paper->plot);
    unsigned panels = 0, at = 0, rows;

    for (const struct plot_panel *p = paper->plot.first; p; p = p->next)
        panels++;
    rows = (panels + ACROSS - 1) / ACROSS;
    buf_printf(to,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
               "role=\"img\" aria-labelledby=\"plot-title plot-desc\">\n",
               ACROSS * WIDTH, rows * HEIGHT, ACROSS * WIDTH);
    write_description(paper, to);
    buf_str(to, "<style>text{font:11px system-ui,sans-serif;fill:#1b1b1b}.t{font-weight:bold;"
                "font-size:13px}.r{text-anchor:end}path{fill:none}.g{stroke:#d0d0d0}"
                ".b{stroke:#5a5a5a;stroke-dasharray:5 4}.h{stroke:#00558c;stroke-width:2.5;"
                "stroke-linejoin:round}</style>\n");
    for (const struct plot_panel *p = paper->plot.first; p; p = p->next)
        write_panel(paper, p, at++, &scale, to);
    buf_str(to, "</svg>\n");
}
