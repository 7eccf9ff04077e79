#include "services/notifier/letter_inner.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/ustring.h>

#define DATE_CHARS 128

static const struct {
    const char *language, *locale;
} locales[] = {{"da", "da_DK"}, {"sv", "sv_SE"}, {"en", "en_GB"}};

struct letter_dates {
    UDateFormat *formats[COUNT_OF(locales)][LETTER_TIME + 1]; /* made when first needed */
};

static unsigned locale_of(struct text language) {
    for (unsigned i = 0; i < COUNT_OF(locales); i++)
        if (text_is(language, locales[i].language))
            return i;
    return COUNT_OF(locales) - 1;
}

static UDateFormat *open_format(const char *locale, enum letter_date form) {
    static const UChar utc[] = {'U', 'T', 'C', 0};
    UErrorCode rc = U_ZERO_ERROR;
    UDateFormat *format =
        udat_open(form == LETTER_DATE ? UDAT_NONE : UDAT_SHORT,
                  form == LETTER_TIME ? UDAT_NONE : UDAT_FULL, locale, utc, -1, NULL, 0, &rc);
    must(U_SUCCESS(rc));
    return format;
}

struct letter_dates *letter_dates_new(void) {
    struct letter_dates *dates = calloc(1, sizeof *dates);
    must(dates);
    return dates;
}

void letter_dates_free(struct letter_dates **dates) {
    if (!*dates)
        return;
    for (unsigned i = 0; i < COUNT_OF(locales); i++)
        for (unsigned k = 0; k <= LETTER_TIME; k++)
            if ((*dates)->formats[i][k])
                udat_close((*dates)->formats[i][k]);
    free(*dates);
    *dates = NULL;
}

/* ICU's own zone data is older than the system's, so it is only shown local time, as if it were
 * UTC. */
struct text letter_date(struct letter_dates *dates, struct arena *arena, struct text language,
                        enum letter_date form, struct wall wall) {
    unsigned i = locale_of(language);
    UDateFormat **format = &dates->formats[i][form];
    if (!*format)
        *format = open_format(locales[i].locale, form);
    UErrorCode rc = U_ZERO_ERROR;
    UChar wide[DATE_CHARS];
    char narrow[DATE_CHARS * 3];
    int32_t n =
        udat_format(*format, (UDate)(wall_minutes(wall) * MINUTES), wide, DATE_CHARS, NULL, &rc);
    must(U_SUCCESS(rc) && n < DATE_CHARS);
    u_strToUTF8(narrow, sizeof narrow, &n, wide, n, &rc);
    must(U_SUCCESS(rc));
    return arena_text(arena, (struct text){narrow, (size_t)n});
}
