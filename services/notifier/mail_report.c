#include "services/notifier/mail_report.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/token.h"
#include "services/notifier/mail_report_inner.h"

#define DEPTH 4  /* of parts within parts */
#define PARTS 32 /* looked at in all */
#define RETURNED_READ ((size_t)16 * 1024)

struct parts { /* the first of each kind, decoded; owned */
    GByteArray *status, *complaint, *receipt, *returned, *words;
    unsigned seen;
};

/* ---- words ---- */

void mail_words(struct text from, char *to, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < from.n && n + 1 < size; i++) {
        unsigned char c = (unsigned char)from.p[i];
        if (c <= ' ' || c == 0x7f) {
            if (n && to[n - 1] != ' ')
                to[n++] = ' ';
        } else {
            to[n++] = (char)(c < 0x7f ? c : '?');
        }
    }
    while (n && to[n - 1] == ' ')
        n--;
    to[n] = '\0';
}

bool mail_has(struct text in, const char *words) {
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= in.n; i++)
        if (strncasecmp(in.p + i, words, n) == 0)
            return true;
    return false;
}

bool mail_is(struct text a, const char *word) {
    return strlen(word) == a.n && strncasecmp(a.p, word, a.n) == 0;
}

/* What stands before the @ of our Message-IDs; servers may have changed its capitals. */
static bool is_own_word(const char *p) {
    for (unsigned i = 0; i < TOKEN_ID_MAX - 1; i++)
        if (!isalpha((unsigned char)p[i]) && !(p[i] >= '2' && p[i] <= '7'))
            return false;
    return true;
}

/* The word that ends at `at`, and ".n" when it is of another address than the first (letter_id.h).
 */
struct own {
    const char *word;
    struct text address;
};

static bool find_word(struct text in, size_t at, struct own *ret) {
    size_t end = at;
    while (end && isdigit((unsigned char)in.p[end - 1]))
        end--;
    end = end < at && end && in.p[end - 1] == '.' ? end - 1 : at;
    if (end < TOKEN_ID_MAX - 1 || !is_own_word(in.p + end - (TOKEN_ID_MAX - 1)))
        return false;
    *ret = (struct own){in.p + end - (TOKEN_ID_MAX - 1), {in.p + end, at - end}};
    return true;
}

static void make_id(struct own own, struct text domain, char ret[MAIL_ID_MAX]) {
    char lower[TOKEN_ID_MAX];
    for (unsigned i = 0; i < TOKEN_ID_MAX - 1; i++)
        lower[i] = (char)tolower((unsigned char)own.word[i]);
    lower[TOKEN_ID_MAX - 1] = '\0';
    int n = snprintf(ret, MAIL_ID_MAX, "<%s%.*s@%.*s>", lower, TEXT_ARGS(own.address),
                     TEXT_ARGS(domain));
    if (n < 0 || n >= MAIL_ID_MAX)
        ret[0] = '\0';
}

/* "<word@domain>"; and, as reports write it who mean well, without its angles. */
bool mail_own_id(struct text in, struct text domain, char ret[MAIL_ID_MAX]) {
    struct own own;
    ret[0] = '\0';
    for (size_t i = 0; domain.n && i + 1 + domain.n <= in.n; i++) {
        if (in.p[i] != '@' || strncasecmp(in.p + i + 1, domain.p, domain.n) != 0 ||
            !find_word(in, i, &own))
            continue;
        char after = i + 1 + domain.n < in.n ? in.p[i + 1 + domain.n] : ' ';
        bool begins = own.word == in.p || !isalnum((unsigned char)own.word[-1]);
        if (begins && !isalnum((unsigned char)after) && after != '-' && after != '.') {
            make_id(own, domain, ret);
            return ret[0] != '\0';
        }
    }
    return false;
}

/* "bounce+word@domain", to which the report was sent. */
static bool id_of_envelope(struct text in, const struct mail_house *house, char ret[MAIL_ID_MAX]) {
    struct text address = house->bounce_address, local;
    char tail[300];
    if (!address.n || !text_cut(&address, '@', &local))
        return false;
    int n = snprintf(tail, sizeof tail, "@%.*s", TEXT_ARGS(address));
    struct own own;
    if (n < 0 || (size_t)n >= sizeof tail)
        return false;
    for (size_t i = 0; i + (size_t)n <= in.n; i++) {
        if (strncasecmp(in.p + i, tail, (size_t)n) != 0 || !find_word(in, i, &own))
            continue;
        size_t before = (size_t)(own.word - in.p), head = local.n + 1;
        if (before >= head && own.word[-1] == '+' &&
            strncasecmp(own.word - head, local.p, local.n) == 0) {
            make_id(own, house->message_domain, ret);
            return ret[0] != '\0';
        }
    }
    return false;
}

/* ---- parts ---- */

static struct text as_text(const GByteArray *bytes) {
    return bytes ? (struct text){(const char *)bytes->data, bytes->len} : TEXT_NONE;
}

static GByteArray *content_of(GMimeObject *object) {
    GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(object));
    GByteArray *bytes = g_byte_array_new();
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    if (content)
        (void)g_mime_data_wrapper_write_to_stream(content, stream);
    g_object_unref(stream);
    return bytes;
}

/* Of a message inside the message only its header is wanted. */
static GByteArray *header_of(GMimeObject *object) {
    GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    GByteArray *bytes = g_byte_array_new();
    const char *id = message ? g_mime_object_get_header(GMIME_OBJECT(message), "Message-ID") : NULL;
    if (id)
        g_byte_array_append(bytes, (const guint8 *)id, (guint)strlen(id));
    return bytes;
}

static void keep(GByteArray **to, GMimeObject *object) {
    if (!*to)
        *to = GMIME_IS_MESSAGE_PART(object) ? header_of(object) : content_of(object);
}

static void take_part(struct parts *parts, GMimeObject *object) {
    GMimeContentType *type = g_mime_object_get_content_type(object);
    if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
        g_mime_content_type_is_type(type, "message", "global-delivery-status"))
        keep(&parts->status, object);
    else if (g_mime_content_type_is_type(type, "message", "feedback-report"))
        keep(&parts->complaint, object);
    else if (g_mime_content_type_is_type(type, "message", "disposition-notification"))
        keep(&parts->receipt, object);
    else if (g_mime_content_type_is_type(type, "message", "*") ||
             g_mime_content_type_is_type(type, "text", "rfc822-headers"))
        keep(&parts->returned, object);
    else if (g_mime_content_type_is_type(type, "text", "*"))
        keep(&parts->words, object);
}

static void look(struct parts *parts, GMimeObject *object, unsigned depth) {
    if (!object || depth == 0 || parts->seen++ >= PARTS)
        return;
    if (!GMIME_IS_MULTIPART(object)) {
        if (GMIME_IS_PART(object) || GMIME_IS_MESSAGE_PART(object))
            take_part(parts, object);
        return;
    }
    GMimeMultipart *multipart = GMIME_MULTIPART(object);
    int count = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < count && parts->seen < PARTS; i++)
        look(parts, g_mime_multipart_get_part(multipart, i), depth - 1);
}

static void free_parts(struct parts *parts) {
    GByteArray *all[] = {parts->status, parts->complaint, parts->receipt, parts->returned,
                         parts->words};
    for (unsigned i = 0; i < COUNT_OF(all); i++)
        if (all[i])
            g_byte_array_unref(all[i]);
}

/* ---- what kind of message it is ---- */

static struct text header(GMimeMessage *message, const char *name) {
    return text_of(g_mime_object_get_header(GMIME_OBJECT(message), name));
}

static bool is_automatic(GMimeMessage *message) {
    static const char *const names[] = {"X-Autoreply",      "X-Autorespond",
                                        "X-Autoresponder",  "X-Auto-Reply-From",
                                        "X-Mail-Autoreply", "X-Auto-Response-Suppress"};
    static const char *const subjects[] = {"Automatisk svar",  "Autosvar", "Automatiskt svar",
                                           "Automatic reply",  "Auto:",    "Out of office",
                                           "Out of the office"};
    struct text submitted = text_trim(header(message, "Auto-Submitted"));
    struct text precedence = text_trim(header(message, "Precedence"));
    if (submitted.n && !mail_is(submitted, "no"))
        return true;
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (header(message, names[i]).p)
            return true;
    for (unsigned i = 0; i < COUNT_OF(subjects); i++)
        if (text_starts(text_trim(header(message, "Subject")), subjects[i]))
            return true;
    return mail_is(precedence, "auto_reply") || mail_is(precedence, "bulk") ||
           mail_is(precedence, "junk") || mail_is(precedence, "list");
}

static bool is_from_server(GMimeMessage *message) {
    static const char *const names[] = {"mailer-daemon@", "postmaster@", "mail-daemon@",
                                        "mailerdaemon@"};
    struct text from = header(message, "From");
    if (mail_is(text_trim(header(message, "Return-Path")), "<>"))
        return true;
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (mail_has(from, names[i]))
            return true;
    return mail_has(from, "MAILER-DAEMON");
}

static enum mail_kind kind_of_complaint(struct text body) {
    struct text name;
    char value[100];
    while (mail_field(&body, &name, value, sizeof value))
        if (mail_is(name, "Feedback-Type"))
            return mail_is(text_of(value), "not-spam") || mail_is(text_of(value), "auth-failure") ||
                           mail_is(text_of(value), "dmarc")
                       ? MAIL_AUTOMATIC
                       : MAIL_COMPLAINT;
    return MAIL_STRANGE;
}

static enum mail_kind judge(GMimeMessage *message, const struct parts *parts,
                            struct mail_report *ret) {
    if (parts->status)
        mail_status_read(as_text(parts->status), ret);
    if (ret->blocks)
        return MAIL_DELIVERED;
    if (parts->complaint)
        return kind_of_complaint(as_text(parts->complaint));
    if (parts->receipt)
        return MAIL_AUTOMATIC;
    if (is_from_server(message) &&
        mail_plain_read(as_text(parts->words), header(message, "X-Failed-Recipients"), ret))
        return MAIL_DELIVERED;
    if (is_automatic(message))
        return MAIL_AUTOMATIC;
    return ret->message_id[0] ? MAIL_ANSWER : MAIL_STRANGE;
}

/* ---- whose ---- */

static struct text cut_to(struct text t, size_t n) {
    return (struct text){t.p, t.n < n ? t.n : n};
}

/* What is surest first: the letter that came back, then what the report names, then where it was
 * sent to; what an answer answers last. */
static void find_id(GMimeMessage *message, const struct parts *parts,
                    const struct mail_house *house, struct mail_report *ret) {
    static const char *const answered[] = {"In-Reply-To", "References", "Original-Message-ID"};
    static const char *const sent_to[] = {"To", "Delivered-To", "X-Original-To", "Envelope-To",
                                          "X-Envelope-To"};
    const struct text found[] = {cut_to(as_text(parts->returned), RETURNED_READ),
                                 as_text(parts->receipt), as_text(parts->complaint)};
    char *id = ret->message_id;
    for (unsigned i = 0; i < COUNT_OF(found); i++)
        if (mail_own_id(found[i], house->message_domain, id))
            return;
    for (unsigned i = 0; i < COUNT_OF(sent_to); i++)
        if (id_of_envelope(header(message, sent_to[i]), house, id))
            return;
    for (unsigned i = 0; i < COUNT_OF(answered); i++)
        if (mail_own_id(header(message, answered[i]), house->message_domain, id))
            return;
    if (is_from_server(message))
        (void)mail_own_id(as_text(parts->words), house->message_domain, id);
}

void mail_report_start(void) {
    g_mime_init();
}

void mail_report_read(struct bytes bytes, const struct mail_house *house, struct mail_report *ret) {
    struct parts parts = {.seen = 0};
    *ret = (struct mail_report){.kind = MAIL_STRANGE};
    size_t n = bytes.n < MAIL_REPORT_READ ? bytes.n : MAIL_REPORT_READ;
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(n ? bytes.p : "", n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message) {
        look(&parts, g_mime_message_get_mime_part(message), DEPTH);
        mail_words(header(message, "Subject"), ret->subject, sizeof ret->subject);
        find_id(message, &parts, house, ret);
        ret->kind = judge(message, &parts, ret);
        free_parts(&parts);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}
