#include "java_serial.h"

enum { NULL_OBJECT = 0x70, REFERENCE = 0x71, CLASS_DESC = 0x72, OBJECT = 0x73, STRING = 0x74, ARRAY = 0x75, END_BLOCK = 0x78, ENUM = 0x7e };

#define STREAM_HEADER 0xaced0005u
#define FIRST_HANDLE 0x7e0000u
#define SERIALIZABLE 0x02
#define ENUM_FLAGS 0x12
#define MAX_FIELDS 4
#define MAX_HANDLES 32 /* the largest of these objects needs 15 */

struct java_class {
    const char *name;
    uint64_t id; /* serialVersionUID */
    uint8_t flags;
    const struct java_class *super;
    struct {
        const char *type, *name; /* JVM type descriptor */
    } fields[MAX_FIELDS + 1];
};

#define TEXT_TYPE "Ljava/lang/String;"
#define KIND_TYPE "Ljava/security/KeyRep$Type;"

static const struct java_class byte_array = {"[B", 0xacf317f8060854e0, SERIALIZABLE, NULL, {{0}}};
static const struct java_class any_enum = {"java.lang.Enum", 0, ENUM_FLAGS, NULL, {{0}}};
static const struct java_class kind_enum = {"java.security.KeyRep$Type", 0, ENUM_FLAGS, &any_enum, {{0}}};
static const struct java_class sealed = {
    "javax.crypto.SealedObject", 0x3e363da6c3b75470, SERIALIZABLE, NULL,
    {{"[B", "encodedParams"}, {"[B", "encryptedContent"}, {TEXT_TYPE, "paramsAlg"}, {TEXT_TYPE, "sealAlg"}, {0}}};
static const struct java_class sealed_key = {
    "com.sun.crypto.provider.SealedObjectForKeyProtector", 0xcd57ca59e730bb53, SERIALIZABLE, &sealed, {{0}}};
static const struct java_class key_spec = {
    "javax.crypto.spec.SecretKeySpec", 0x5b470b66e230614d, SERIALIZABLE, NULL, {{TEXT_TYPE, "algorithm"}, {"[B", "key"}, {0}}};
static const struct java_class key_rep = {
    "java.security.KeyRep", 0xbdf94fb3889aa543, SERIALIZABLE, NULL,
    {{TEXT_TYPE, "algorithm"}, {"[B", "encoded"}, {TEXT_TYPE, "format"}, {KIND_TYPE, "type"}, {0}}};

static const struct java_class *const known[] = {&byte_array, &any_enum, &kind_enum, &sealed, &sealed_key, &key_spec, &key_rep};

/* What a back reference may mean: a class, a string, or neither. */
struct handle {
    const struct java_class *class;
    mu_bytes text;
};

struct stream {
    mu_java_in *in;
    struct handle handles[MAX_HANDLES];
    size_t count;
};

static int damaged(const struct stream *s, mu_err **err)
{
    return mu_java_damaged(s->in, err, "the Java object of a secret key is not of the expected form");
}

static int expect(struct stream *s, int bytes, uint64_t value, mu_err **err)
{
    uint64_t found;
    if (mu_java_number(s->in, bytes, &found, err) != 0)
        return -1;
    return found == value ? 0 : damaged(s, err);
}

static int add_handle(struct stream *s, struct handle handle, mu_err **err)
{
    if (s->count == MAX_HANDLES)
        return damaged(s, err);
    s->handles[s->count++] = handle;
    return 0;
}

static int read_reference(struct stream *s, const struct handle **ret, mu_err **err)
{
    uint64_t number;
    if (mu_java_number(s->in, 4, &number, err) != 0)
        return -1;
    if (number < FIRST_HANDLE || number - FIRST_HANDLE >= s->count)
        return damaged(s, err);
    *ret = &s->handles[number - FIRST_HANDLE];
    return 0;
}

static bool is_text(mu_bytes bytes, const char *text)
{
    return bytes.data && bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static int read_string(struct stream *s, mu_bytes *ret, mu_err **err)
{
    const struct handle *handle = NULL;
    uint64_t tag;
    if (mu_java_number(s->in, 1, &tag, err) != 0)
        return -1;
    if (tag == STRING)
        return mu_java_utf(s->in, ret, err) == 0 ? add_handle(s, (struct handle){.text = *ret}, err) : -1;
    if (tag != REFERENCE)
        return damaged(s, err);
    if (read_reference(s, &handle, err) != 0)
        return -1;
    *ret = handle->text;
    return ret->data ? 0 : damaged(s, err);
}

static int read_class_name(struct stream *s, const struct java_class **ret, mu_err **err)
{
    mu_bytes name;
    if (mu_java_utf(s->in, &name, err) != 0)
        return -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_text(name, known[i]->name)) {
            *ret = known[i];
            return 0;
        }
    char *shown = mu_escape_dup(name.data, name.len);
    mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "a secret key is stored as a Java object of a class that is not read");
    mu_err_detail(err, "class \"%s\"", shown ? shown : "");
    free(shown);
    return -1;
}

static int read_fields(struct stream *s, const struct java_class *class, mu_err **err)
{
    mu_bytes text;
    uint64_t count = 0;
    while (class->fields[count].type)
        count++;
    if (expect(s, 2, count, err) != 0)
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        if (expect(s, 1, (uint8_t)class->fields[i].type[0], err) != 0 || mu_java_utf(s->in, &text, err) != 0)
            return -1;
        if (!is_text(text, class->fields[i].name))
            return damaged(s, err);
        if (read_string(s, &text, err) != 0)
            return -1;
        if (!is_text(text, class->fields[i].type))
            return damaged(s, err);
    }
    return 0;
}

/* A class description with those above it. NULL for `wanted`: any that is known. */
static int read_class(struct stream *s, const struct java_class *wanted, const struct java_class **ret, mu_err **err)
{
    const struct handle *handle = NULL;
    const struct java_class *class = NULL, *above;
    uint64_t tag;
    if (mu_java_number(s->in, 1, &tag, err) != 0)
        return -1;
    if (tag == REFERENCE) {
        if (read_reference(s, &handle, err) != 0)
            return -1;
        class = handle->class;
    } else if (tag != CLASS_DESC) {
        return damaged(s, err);
    } else if (read_class_name(s, &class, err) != 0 || expect(s, 8, class->id, err) != 0 ||
               add_handle(s, (struct handle){.class = class}, err) != 0 || expect(s, 1, class->flags, err) != 0 ||
               read_fields(s, class, err) != 0 || expect(s, 1, END_BLOCK, err) != 0 ||
               (class->super ? read_class(s, class->super, &above, err) : expect(s, 1, NULL_OBJECT, err)) != 0) {
        return -1;
    }
    if (!class || (wanted && class != wanted))
        return damaged(s, err);
    *ret = class;
    return 0;
}

/* A byte array, a string, or the name of an enum's constant. */
static int read_value(struct stream *s, const char *type, mu_bytes *ret, mu_err **err)
{
    const struct java_class *class;
    if (strcmp(type, TEXT_TYPE) == 0)
        return read_string(s, ret, err);
    bool array = type[0] == '[';
    if (expect(s, 1, array ? ARRAY : ENUM, err) != 0 || read_class(s, array ? &byte_array : &kind_enum, &class, err) != 0 ||
        add_handle(s, (struct handle){0}, err) != 0)
        return -1;
    return array ? mu_java_block(s->in, ret, err) : read_string(s, ret, err);
}

/* The stream's one object; the values of its fields, those of the class above first. */
static int read_object(mu_java_in *in, const struct java_class **ret_class, mu_bytes values[MAX_FIELDS], mu_err **err)
{
    struct stream s = {.in = in};
    if (expect(&s, 4, STREAM_HEADER, err) != 0 || expect(&s, 1, OBJECT, err) != 0 || read_class(&s, NULL, ret_class, err) != 0 ||
        add_handle(&s, (struct handle){0}, err) != 0)
        return -1;
    const struct java_class *class = (*ret_class)->super ? (*ret_class)->super : *ret_class; /* what derives here adds no field */
    for (int i = 0; class->fields[i].type; i++)
        if (read_value(&s, class->fields[i].type, &values[i], err) != 0)
            return -1;
    return 0;
}

int mu_java_sealed_read(mu_java_in *in, mu_java_sealed *ret, mu_err **err)
{
    const struct java_class *class;
    mu_bytes values[MAX_FIELDS] = {{NULL, 0}};
    if (read_object(in, &class, values, err) != 0)
        return -1;
    if (class != &sealed_key && class != &sealed)
        return mu_java_damaged(in, err, "a secret key of the store is not sealed");
    *ret = (mu_java_sealed){values[0], values[1], values[2], values[3]};
    return 0;
}

int mu_java_secret_read(mu_java_in *in, mu_java_secret *ret, mu_err **err)
{
    const struct java_class *class;
    mu_bytes values[MAX_FIELDS] = {{NULL, 0}};
    if (read_object(in, &class, values, err) != 0)
        return -1;
    if (class != &key_spec && (class != &key_rep || !is_text(values[2], "RAW") || !is_text(values[3], "SECRET")))
        return mu_java_damaged(in, err, "what is sealed is not a secret key");
    *ret = (mu_java_secret){values[0], values[1]};
    return 0;
}

static void add_string(mu_buf *out, const char *text)
{
    mu_java_add_number(out, 2, strlen(text));
    mu_buf_add_str(out, text);
}

/* Field types are strings too: the second of a kind refers back to the first. */
static void add_class(mu_buf *out, const struct java_class *class, unsigned *handles)
{
    unsigned first_use[MAX_FIELDS];
    int count = 0;
    mu_buf_add_byte(out, CLASS_DESC);
    add_string(out, class->name);
    mu_java_add_number(out, 8, class->id);
    mu_buf_add_byte(out, class->flags);
    ++*handles;
    while (class->fields[count].type)
        count++;
    mu_java_add_number(out, 2, (uint64_t)count);
    for (int i = 0; i < count; i++) {
        int same = 0;
        mu_buf_add_byte(out, (uint8_t)class->fields[i].type[0]);
        add_string(out, class->fields[i].name);
        while (strcmp(class->fields[same].type, class->fields[i].type) != 0)
            same++;
        first_use[i] = same < i ? first_use[same] : (*handles)++;
        mu_buf_add_byte(out, same < i ? REFERENCE : STRING);
        if (same < i)
            mu_java_add_number(out, 4, FIRST_HANDLE + first_use[i]);
        else
            add_string(out, class->fields[i].type);
    }
    mu_buf_add_byte(out, END_BLOCK);
    if (class->super)
        add_class(out, class->super, handles);
    else
        mu_buf_add_byte(out, NULL_OBJECT);
}

/* @return the handle of the next thing */
static unsigned begin(mu_buf *out, const struct java_class *class)
{
    unsigned handles = 0;
    mu_java_add_number(out, 4, STREAM_HEADER);
    mu_buf_add_byte(out, OBJECT);
    add_class(out, class, &handles);
    return handles + 1; /* the object itself */
}

int mu_java_sealed_write(mu_buf *out, mu_bytes params, mu_bytes content, const char *algorithm, mu_err **err)
{
    unsigned handles = begin(out, &sealed_key), array = handles;
    mu_buf_add_byte(out, ARRAY);
    add_class(out, &byte_array, &handles);
    mu_java_add_block(out, params.data, params.len);
    mu_buf_add_byte(out, ARRAY);
    mu_buf_add_byte(out, REFERENCE);
    mu_java_add_number(out, 4, FIRST_HANDLE + array);
    mu_java_add_block(out, content.data, content.len);
    for (int i = 0; i < 2; i++) { /* how the parameters are encoded, and how it is sealed */
        mu_buf_add_byte(out, STRING);
        if (mu_java_add_utf(out, algorithm, err) != 0)
            return -1;
    }
    return 0;
}

int mu_java_secret_write(mu_buf *out, const char *algorithm, mu_bytes key, mu_err **err)
{
    unsigned handles = begin(out, &key_spec);
    mu_buf_add_byte(out, STRING);
    handles++;
    if (mu_java_add_utf(out, algorithm, err) != 0)
        return -1;
    mu_buf_add_byte(out, ARRAY);
    add_class(out, &byte_array, &handles);
    mu_java_add_block(out, key.data, key.len);
    return 0;
}
