#include "services/notifier/compose.h"
#include "common/zone.h"
#include "proto/codec.h"
#include "services/notifier/calendar.h"
#include "services/notifier/quoted.h"
#include "services/notifier/words.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct composer {
    struct letter_writer *letters;
    struct calendar *calendar;
    GMimeFormatOptions *format;
    struct buf entry;       /* the calendar part */
    struct buf plain, html; /* the letter, quoted-printable */
};

/* One message on its way. Texts are terminated. */
struct mail {
    const struct letter_in *in;
    struct letter letter;
    struct text sender, recipient, message_id;
    struct text entry, plain, html;
    const char *method; /* NULL: no calendar part */
};

static int fail(int rc, char why[LETTER_WHY_MAX], const char *what) {
    (void)snprintf(why, LETTER_WHY_MAX, "%s", what);
    return rc;
}

static bool has_control(struct text t) {
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] < ' ' || t.p[i] == 0x7f)
            return true;
    return false;
}

/* ---- what goes into headers ---- */

static int check_message_id(struct mail *mail, char why[LETTER_WHY_MAX]) {
    struct text id = mail->in->row->message_id;
    if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        id = (struct text){id.p + 1, id.n - 2};
    unsigned ats = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] >= 0x7f || strchr("<>()[]\\,;:\"", id.p[i]))
            return fail(-EINVAL, why, "the Message-ID has characters that cannot stand in it");
        ats += id.p[i] == '@';
    }
    if (ats != 1)
        return fail(-EINVAL, why, "the row has no Message-ID");
    mail->message_id = arena_text(mail->in->arena, id);
    return 0;
}

static int check_mail(struct mail *mail, char why[LETTER_WHY_MAX]) {
    const struct letter_in *in = mail->in;
    struct text office = text_of(in->settings->office_name);
    if (has_control(in->row->name) || has_control(office) || has_control(mail->letter.subject))
        return fail(-EINVAL, why, "a name or the subject has control characters");
    if (!text_is_utf8(in->row->name) || !text_is_utf8(office) ||
        !text_is_utf8(mail->letter.subject))
        return fail(-EILSEQ, why, "a name or the subject is not UTF-8");
    if (compose_address(in->arena, in->row->address, &mail->recipient) < 0)
        return fail(-EINVAL, why, "the address is not one");
    if (compose_address(in->arena, text_of(in->settings->sender), &mail->sender) < 0)
        return fail(-EINVAL, why, "the setting sender is no address");
    return check_message_id(mail, why);
}

/* ---- the calendar entry ---- */

static int write_entry(struct composer *composer, struct mail *mail, char why[LETTER_WHY_MAX]) {
    const struct letter_in *in = mail->in;
    if (in->occasion->calendar.n == 0)
        return 0;
    struct complaint complaint;
    struct rec_meeting meeting;
    if (in->occasion->meeting.n == 0 ||
        codec_decode(&rec_shapes[REC_MEETING], CODEC_LENIENT, in->occasion->meeting, &meeting,
                     &complaint) < 0)
        return fail(-EBADMSG, why, "calendar: there is no meeting");
    struct calendar_in entry = {
        .method = text_is(in->occasion->calendar, "cancel") ? CALENDAR_CANCEL : CALENDAR_REQUEST,
        .meeting = &meeting,
        .language = mail->letter.language,
        .organiser = mail->sender,
        .organiser_name = text_of(in->settings->office_name),
        .attendee = mail->recipient,
        .attendee_name = in->row->name,
        .domain = text_of(in->settings->message_domain),
        .stamp = in->row->decided,
    };
    buf_clear(&composer->entry);
    int rc = calendar_write(composer->calendar, &entry, &composer->entry, why);
    if (rc < 0)
        return rc;
    mail->entry = buf_as_text(&composer->entry);
    mail->method = calendar_method_name(entry.method);
    return 0;
}

/* ---- parts ---- */

static int quote(struct composer *composer, struct mail *mail, char why[LETTER_WHY_MAX]) {
    buf_clear(&composer->plain);
    buf_clear(&composer->html);
    quoted_write(&composer->plain, mail->letter.plain);
    quoted_write(&composer->html, mail->letter.html);
    if (composer->plain.over || composer->html.over)
        return fail(-EMSGSIZE, why, "the letter is too long");
    mail->plain = buf_as_text(&composer->plain);
    mail->html = buf_as_text(&composer->html);
    return 0;
}

/* `content` is in the encoding `is`, and goes out in the encoding `goes`. */
static GMimePart *new_part(const char *type, const char *subtype, struct text content,
                           GMimeContentEncoding is, GMimeContentEncoding goes) {
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(content.p ? content.p : "", content.n);
    GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(stream, is);
    g_mime_part_set_content(part, wrapper);
    g_mime_part_set_content_encoding(part, goes);
    g_object_unref(wrapper);
    g_object_unref(stream);
    return part;
}

static void add_part(GMimeMultipart *to, GMimePart *part) {
    g_mime_multipart_add(to, GMIME_OBJECT(part));
    g_object_unref(part);
}

/* "=_" cannot come of quoted-printable or base64, so no part can hold it. */
static GMimeMultipart *new_multipart(const char *subtype, struct text message_id) {
    char hash[TOKEN_ID_MAX], boundary[TOKEN_ID_MAX + 2];
    struct bytes parts[] = {{message_id.p, message_id.n}, {subtype, strlen(subtype)}};
    token_hash_text(parts, COUNT_OF(parts), hash);
    (void)snprintf(boundary, sizeof boundary, "=_%s", hash);
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
    g_mime_multipart_set_boundary(multipart, boundary);
    return multipart;
}

static GMimePart *new_entry(const struct mail *mail, const char *type, const char *subtype) {
    GMimePart *part = new_part(type, subtype, mail->entry, GMIME_CONTENT_ENCODING_DEFAULT,
                               GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "method", mail->method);
    return part;
}

static GMimeObject *new_body(const struct mail *mail) {
    GMimeMultipart *forms = new_multipart("alternative", mail->message_id);
    const GMimeContentEncoding quoted = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
    add_part(forms, new_part("text", "plain", mail->plain, quoted, quoted));
    add_part(forms, new_part("text", "html", mail->html, quoted, quoted));
    if (!mail->method)
        return GMIME_OBJECT(forms);
    add_part(forms, new_entry(mail, "text", "calendar"));
    GMimeMultipart *mixed = new_multipart("mixed", mail->message_id);
    g_mime_multipart_add(mixed, GMIME_OBJECT(forms));
    g_object_unref(forms);
    GMimePart *file = new_entry(mail, "application", "ics");
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(file), "name", "invite.ics");
    g_mime_object_set_disposition(GMIME_OBJECT(file), "attachment");
    g_mime_part_set_filename(file, "invite.ics");
    add_part(mixed, file);
    return GMIME_OBJECT(mixed);
}

/* ---- headers ---- */

/* Written as it is: GMime would fold or encode it, and it must stay one address. Nor does GMime
 * encode names and subjects: it takes what looks like an encoded word for one and lets out what is
 * hidden in it, line ends, too. */
static void set_raw(GMimeObject *object, const char *name, struct text value, struct arena *arena) {
    g_mime_object_set_header(object, name, "-", NULL);
    GMimeHeader *header =
        g_mime_header_list_get_header(g_mime_object_get_header_list(object), name);
    g_mime_header_set_raw_value(header, arena_printf(arena, " %.*s\n", TEXT_ARGS(value)).p);
}

static void set_mailbox(GMimeObject *object, const char *header, struct text name,
                        struct text address, struct arena *arena) {
    struct text words = words_encode(arena, name, "-'");
    struct text value =
        words.n == 0 ? address
                     : arena_printf(arena, "%.*s\n <%.*s>", TEXT_ARGS(words), TEXT_ARGS(address));
    set_raw(object, header, value, arena);
}

static void set_date(GMimeMessage *message, const struct letter_in *in) {
    const struct zone *zone;
    if (zone_find(in->row->zone, &zone) < 0)
        zone = zone_utc();
    GTimeZone *offset = g_time_zone_new_offset(zone_offset(zone, in->row->decided));
    GDateTime *utc = g_date_time_new_from_unix_utc(in->row->decided / SECONDS);
    GDateTime *local = g_date_time_to_timezone(utc, offset);
    g_mime_message_set_date(message, local);
    g_date_time_unref(local);
    g_date_time_unref(utc);
    g_time_zone_unref(offset);
}

static void set_unsubscribe(GMimeObject *object, const struct letter_in *in) {
    if (!text_is(in->row->class, "news"))
        return;
    struct text link = letter_link(in, "unsubscribe");
    if (link.n == 0)
        return;
    struct text ways = arena_printf(in->arena, "<%.*s>", TEXT_ARGS(link));
    const char *address = in->settings->unsubscribe_address;
    size_t base = strlen(in->settings->link_base);
    if (address && address[0] && link.n > base) /* the token is the link's end */
        ways = arena_printf(in->arena, "%.*s,\n <mailto:%s?subject=%.*s>", TEXT_ARGS(ways), address,
                            (int)(link.n - base), link.p + base);
    set_raw(object, "List-Unsubscribe", ways, in->arena);
    g_mime_object_set_header(object, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click", NULL);
}

static GMimeMessage *new_message(const struct mail *mail, struct text reply_to) {
    const struct letter_in *in = mail->in;
    GMimeMessage *message = g_mime_message_new(FALSE);
    GMimeObject *object = GMIME_OBJECT(message);
    set_date(message, in);
    set_mailbox(object, "From", text_of(in->settings->office_name), mail->sender, in->arena);
    set_mailbox(object, "To", in->row->name, mail->recipient, in->arena);
    if (reply_to.n)
        set_mailbox(object, "Reply-To", TEXT_NONE, reply_to, in->arena);
    set_raw(object, "Subject", words_encode(in->arena, mail->letter.subject, ".,:;!?/()'\"@&+*-"),
            in->arena);
    g_mime_message_set_message_id(message, mail->message_id.p);
    g_mime_object_set_header(object, "Auto-Submitted", "auto-generated", NULL);
    g_mime_object_set_header(object, "Content-Language",
                             arena_text(in->arena, mail->letter.language).p, NULL);
    set_unsubscribe(object, in);
    GMimeObject *body = new_body(mail);
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);
    return message;
}

static int write_message(struct composer *composer, const struct mail *mail, struct buf *to,
                         char why[LETTER_WHY_MAX]) {
    struct text reply_to = TEXT_NONE;
    const char *setting = mail->in->settings->reply_to;
    if (setting && setting[0] && compose_address(mail->in->arena, text_of(setting), &reply_to) < 0)
        return fail(-EINVAL, why, "the setting reply_to is no address");
    GMimeMessage *message = new_message(mail, reply_to);
    GMimeStream *stream = g_mime_stream_mem_new();
    (void)g_mime_object_write_to_stream(GMIME_OBJECT(message), composer->format, stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    buf_add(to, bytes->data, bytes->len);
    g_object_unref(stream);
    g_object_unref(message);
    return to->over ? fail(-EMSGSIZE, why, "the message is too long") : 0;
}

struct composer *composer_new(void) {
    struct composer *composer = calloc(1, sizeof *composer);
    must(composer);
    g_mime_init();
    composer->letters = letter_writer_new();
    composer->calendar = calendar_new();
    composer->format = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(composer->format, GMIME_NEWLINE_FORMAT_DOS);
    buf_init(&composer->entry, 64u * 1024);
    buf_init(&composer->plain, COMPOSE_MAX);
    buf_init(&composer->html, COMPOSE_MAX);
    return composer;
}

void composer_free(struct composer **composer) {
    if (!*composer)
        return;
    letter_writer_free(&(*composer)->letters);
    calendar_free(&(*composer)->calendar);
    g_mime_format_options_free((*composer)->format);
    buf_free(&(*composer)->entry);
    buf_free(&(*composer)->plain);
    buf_free(&(*composer)->html);
    free(*composer);
    *composer = NULL;
}

int compose(struct composer *composer, const struct letter_in *in, struct buf *to,
            char why[LETTER_WHY_MAX]) {
    struct mail mail = {.in = in};
    why[0] = '\0';
    int rc = letter_write(composer->letters, in, &mail.letter, why);
    if (rc == 0)
        rc = check_mail(&mail, why);
    if (rc == 0)
        rc = write_entry(composer, &mail, why);
    if (rc == 0)
        rc = quote(composer, &mail, why);
    return rc < 0 ? rc : write_message(composer, &mail, to, why);
}

int compose_address(struct arena *arena, struct text address, struct text *ret) {
    if (check_address(address) < 0 || has_control(address))
        return -EINVAL;
    struct text terminated = arena_text(arena, address);
    InternetAddress *mailbox = internet_address_mailbox_new(NULL, terminated.p);
    const char *ascii = internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(mailbox));
    struct text found = arena_text(arena, text_of(ascii));
    g_object_unref(mailbox);
    for (size_t i = 0; i < found.n; i++)
        if (found.p[i] <= ' ' || found.p[i] >= 0x7f)
            return -EINVAL;
    if (found.n == 0)
        return -EINVAL;
    *ret = found;
    return 0;
}
