#include "gateway/services/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/mem.h"
#include "gateway/transcode/wire.h"

enum { CATALOG_MAX_BYTES = 64 << 20, CATALOG_MAX_NESTING = 32 };

/* What has a full name. */
enum kind {
    KIND_FILE,
    KIND_MESSAGE,
    KIND_FIELD,
    KIND_ONEOF,
    KIND_EXTENSION,
    KIND_ENUM,
    KIND_VALUE,
    KIND_SERVICE,
    KIND_METHOD,
    KIND_COUNT,
};

struct symbol {
    struct text name;
    size_t file;
    enum kind kind;
};

struct symbols {
    struct symbol *items;
    size_t count, capacity;
};

struct extension {
    struct text message;
    int32_t number;
    size_t file;
};

struct catalog {
    struct arena memory; /* full names, which stand in no set, and imports */
    struct {
        struct catalog_file *items;
        size_t count, capacity;
    } files;
    struct symbols file_names; /* by name */
    struct symbols symbols;    /* by name */
    struct {
        struct extension *items;
        size_t count, capacity;
    } extensions; /* by message, then number */
    struct {
        struct catalog_service *items;
        size_t count, capacity;
    } services; /* by name */
};

/* Field numbers of google/protobuf/descriptor.proto: which field of a descriptor holds what. Each
 * of these has its own name in field 1. */
enum { SET_FILE = 1, FILE_PACKAGE = 2, FILE_IMPORT = 3, ANY_NAME = 1 };
enum { FIELD_EXTENDEE = 2, FIELD_NUMBER = 3 };
static const struct {
    enum kind parent;
    uint32_t number;
    enum kind child;
} parts[] = {
    { KIND_FILE, 4, KIND_MESSAGE },      { KIND_FILE, 5, KIND_ENUM },
    { KIND_FILE, 6, KIND_SERVICE },      { KIND_FILE, 7, KIND_EXTENSION },
    { KIND_MESSAGE, 2, KIND_FIELD },     { KIND_MESSAGE, 3, KIND_MESSAGE },
    { KIND_MESSAGE, 4, KIND_ENUM },      { KIND_MESSAGE, 8, KIND_ONEOF },
    { KIND_MESSAGE, 6, KIND_EXTENSION }, { KIND_ENUM, 2, KIND_VALUE },
    { KIND_SERVICE, 2, KIND_METHOD },
};

/* ---- Reading ------------------------------------------------------------------------------ */

struct reading {
    struct catalog *catalog;
    struct error *err;
};

static bool no_memory(struct reading *r)
{
    return error_set(r->err, ERROR_NO_MEMORY, "no memory for the names of the descriptor set");
}

/* The first record of that field in a message that was read before; all zero when there is none. */
static struct wire_record find_record(struct text message, uint32_t number, enum wire_type type)
{
    struct wire_reader reader = wire_reader_from(message);
    struct wire_record record;
    struct error ignored = { 0 };
    bool more = false;
    while (wire_next(&reader, &record, &more, &ignored) && more)
        if (record.number == number && record.type == type)
            return record;
    return (struct wire_record){ 0 };
}

static struct text find_text(struct text message, uint32_t number)
{
    return find_record(message, number, WIRE_BYTES).bytes;
}

/* One more item at the end of a list, zeroed; NULL when out of memory. */
#define ADD_ITEM(list)                                                                             \
    __extension__({                                                                                \
        const struct mem libc_ = mem_libc();                                                       \
        __typeof__((list)->items) items_ = (list)->items;                                          \
        if ((list)->count == (list)->capacity)                                                     \
            items_ = mem_grow(&libc_, items_, &(list)->capacity, sizeof *items_);                  \
        if (items_ != NULL) {                                                                      \
            (list)->items = items_;                                                                \
            items_ = memset(&items_[(list)->count++], 0, sizeof *items_);                          \
        }                                                                                          \
        items_;                                                                                    \
    })

static struct text qualified(struct reading *r, struct text scope, struct text name)
{
    return text_of(arena_printf(&r->catalog->memory, TEXT_FMT "%s" TEXT_FMT, TEXT_ARGS(scope),
                                scope.len == 0 ? "" : ".", TEXT_ARGS(name)));
}

static bool add_extension(struct reading *r, struct text field)
{
    struct text message = find_text(field, FIELD_EXTENDEE);
    struct extension *extension = ADD_ITEM(&r->catalog->extensions);
    if (extension == NULL)
        return no_memory(r);
    if (text_starts_with(message, TEXT("."))) /* as protoc resolves it */
        message = (struct text){ message.data + 1, message.len - 1 };
    extension->message = message;
    extension->number = (int32_t)find_record(field, FIELD_NUMBER, WIRE_VARINT).value;
    extension->file = r->catalog->files.count - 1;
    return true;
}

/* Files the thing under its full name; *name is that name. */
static bool add_symbol(struct reading *r, enum kind kind, struct text thing, struct text scope,
                       struct text *name)
{
    struct catalog *c = r->catalog;
    *name = qualified(r, scope, find_text(thing, ANY_NAME));
    struct symbol *symbol = ADD_ITEM(&c->symbols);
    if (symbol == NULL || name->data == NULL)
        return no_memory(r);
    *symbol = (struct symbol){ *name, c->files.count - 1, kind };
    return kind != KIND_EXTENSION || add_extension(r, thing);
}

/* Files what the thing is made of.
 * scope  in front of the names of its parts
 * outer  in front of its own: values of an enum stand beside it, not in it */
static bool add_parts(struct reading *r, enum kind kind, struct text thing, struct text scope,
                      struct text outer, size_t depth)
{
    struct wire_reader reader = wire_reader_from(thing);
    for (;;) {
        struct wire_record record;
        struct error why = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, &why) || depth > CATALOG_MAX_NESTING)
            return error_set(r->err, ERROR_INVALID_ARGUMENT, "not a serialized FileDescriptorSet");
        if (!more)
            return true;
        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
            const enum kind child = parts[i].child;
            struct text name;
            if (parts[i].parent != kind || parts[i].number != record.number ||
                record.type != WIRE_BYTES)
                continue;
            const struct text around = kind == KIND_ENUM ? outer : scope;
            if (!add_symbol(r, child, record.bytes, around, &name) ||
                !add_parts(r, child, record.bytes, name, around, depth + 1))
                return false;
        }
    }
}

static int by_name(const void *a, const void *b)
{
    return text_compare(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static void sort(struct symbols *symbols)
{
    if (symbols->count > 0)
        qsort(symbols->items, symbols->count, sizeof *symbols->items, by_name);
}

static const struct symbol *find(const struct symbol *sorted, size_t count, struct text name)
{
    const struct symbol wanted = { .name = name };
    return count == 0 ? NULL : bsearch(&wanted, sorted, count, sizeof wanted, by_name);
}

/* Where the catalog ends, to go back there. */
struct mark {
    size_t files, symbols, extensions;
};

static struct mark mark_end(const struct catalog *c)
{
    return (struct mark){ c->files.count, c->symbols.count, c->extensions.count };
}

/* Takes the gateway's file behind the mark back when the API has it, or a name in it, too. */
static void leave_to_api(struct catalog *c, struct mark api, struct mark before)
{
    const struct catalog_file *file = &c->files.items[before.files];
    bool is_taken = false;
    for (size_t i = 0; i < api.files; i++)
        is_taken = is_taken || text_equal(c->files.items[i].name, file->name);
    for (size_t i = before.symbols; i < c->symbols.count; i++)
        is_taken = is_taken || find(c->symbols.items, api.symbols, c->symbols.items[i].name);
    if (!is_taken)
        return;
    c->files.count = before.files;
    c->symbols.count = before.symbols;
    c->extensions.count = before.extensions;
}

static bool add_file(struct reading *r, struct text bytes, bool is_own)
{
    struct catalog_file *file = ADD_ITEM(&r->catalog->files);
    if (file == NULL)
        return no_memory(r);
    const struct text package = find_text(bytes, FILE_PACKAGE);
    *file = (struct catalog_file){ find_text(bytes, ANY_NAME), bytes, is_own, NULL, 0 };
    return add_parts(r, KIND_FILE, bytes, package, package, 0);
}

static bool add_set(struct reading *r, struct text set, bool is_own)
{
    struct catalog *c = r->catalog;
    struct wire_reader reader = wire_reader_from(set);
    const struct mark api = mark_end(c);
    for (;;) {
        struct wire_record record;
        struct error why = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, &why))
            return error_set(r->err, ERROR_INVALID_ARGUMENT, "not a serialized FileDescriptorSet");
        if (!more)
            break;
        if (record.number != SET_FILE || record.type != WIRE_BYTES)
            continue;
        const struct mark before = mark_end(c);
        if (!add_file(r, record.bytes, is_own))
            return false;
        if (is_own)
            leave_to_api(c, api, before);
    }
    sort(&c->symbols);
    return true;
}

static bool add_file_names(struct reading *r)
{
    struct catalog *c = r->catalog;
    for (size_t i = 0; i < c->files.count; i++) {
        struct symbol *name = ADD_ITEM(&c->file_names);
        if (name == NULL)
            return no_memory(r);
        *name = (struct symbol){ c->files.items[i].name, i, KIND_FILE };
    }
    sort(&c->file_names);
    return true;
}

/* A file's imports come right after its package, so there are few records to look through. */
static bool add_imports(struct reading *r, struct catalog_file *file)
{
    struct wire_record record;
    struct error ignored = { 0 };
    bool more = false;
    size_t count = 0;
    struct wire_reader reader = wire_reader_from(file->bytes);
    while (wire_next(&reader, &record, &more, &ignored) && more)
        count += record.number == FILE_IMPORT && record.type == WIRE_BYTES;
    size_t *imports = arena_alloc(&r->catalog->memory, count * sizeof *imports);
    if (imports == NULL)
        return no_memory(r);
    reader = wire_reader_from(file->bytes);
    while (wire_next(&reader, &record, &more, &ignored) && more) {
        if (record.number != FILE_IMPORT || record.type != WIRE_BYTES)
            continue;
        imports[file->import_count] = catalog_find_file(r->catalog, record.bytes);
        file->import_count += imports[file->import_count] != SIZE_MAX;
    }
    file->imports = imports;
    return true;
}

static int by_message_and_number(const void *a, const void *b)
{
    const struct extension *left = a;
    const struct extension *right = b;
    int order = text_compare(left->message, right->message);
    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* The symbols are in order, so the services come out in order too. */
static bool add_services(struct reading *r)
{
    struct catalog *c = r->catalog;
    for (size_t i = 0; i < c->symbols.count; i++) {
        const struct symbol *symbol = &c->symbols.items[i];
        if (symbol->kind != KIND_SERVICE)
            continue;
        struct catalog_service *service = ADD_ITEM(&c->services);
        if (service == NULL)
            return no_memory(r);
        *service = (struct catalog_service){ symbol->name, c->files.items[symbol->file].is_own };
    }
    return true;
}

static bool build(struct reading *r, struct text api, struct text own)
{
    struct catalog *c = r->catalog;
    if (!add_set(r, api, false) || !add_set(r, own, true) || !add_file_names(r) || !add_services(r))
        return false;
    for (size_t i = 0; i < c->files.count; i++)
        if (!add_imports(r, &c->files.items[i]))
            return false;
    if (c->extensions.count > 0)
        qsort(c->extensions.items, c->extensions.count, sizeof *c->extensions.items,
              by_message_and_number);
    return true;
}

bool catalog_new(struct text api, struct text own, struct catalog **out, struct error *err)
{
    struct reading r = { .catalog = calloc(1, sizeof(struct catalog)), .err = err };
    if (r.catalog == NULL)
        return no_memory(&r);
    r.catalog->memory = arena_capped(CATALOG_MAX_BYTES);
    if (!build(&r, api, own)) {
        catalog_free(r.catalog);
        return false;
    }
    *out = r.catalog;
    return true;
}

void catalog_free(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    arena_fini(&catalog->memory);
    free(catalog->files.items);
    free(catalog->file_names.items);
    free(catalog->symbols.items);
    free(catalog->extensions.items);
    free(catalog->services.items);
    free(catalog);
}

/* ---- Looking up --------------------------------------------------------------------------- */

size_t catalog_service_count(const struct catalog *catalog)
{
    return catalog->services.count;
}

const struct catalog_service *catalog_service(const struct catalog *catalog, size_t index)
{
    return &catalog->services.items[index];
}

const struct catalog_service *catalog_find_service(const struct catalog *catalog, struct text name)
{
    for (size_t i = 0; i < catalog->services.count; i++)
        if (text_equal(catalog->services.items[i].name, name))
            return &catalog->services.items[i];
    return NULL;
}

size_t catalog_file_count(const struct catalog *catalog)
{
    return catalog->files.count;
}

const struct catalog_file *catalog_file(const struct catalog *catalog, size_t index)
{
    return &catalog->files.items[index];
}

size_t catalog_find_file(const struct catalog *catalog, struct text name)
{
    const struct symbol *file = find(catalog->file_names.items, catalog->file_names.count, name);
    return file == NULL ? SIZE_MAX : file->file;
}

static const struct symbol *find_symbol(const struct catalog *c, struct text full_name)
{
    return find(c->symbols.items, c->symbols.count, full_name);
}

size_t catalog_find_symbol(const struct catalog *catalog, struct text full_name)
{
    const struct symbol *symbol = find_symbol(catalog, full_name);
    return symbol == NULL ? SIZE_MAX : symbol->file;
}

bool catalog_has_message(const struct catalog *catalog, struct text full_name)
{
    const struct symbol *symbol = find_symbol(catalog, full_name);
    return symbol != NULL && symbol->kind == KIND_MESSAGE;
}

size_t catalog_find_extension(const struct catalog *catalog, struct text message, int32_t number)
{
    for (size_t i = 0; i < catalog->extensions.count; i++) {
        const struct extension *extension = &catalog->extensions.items[i];
        if (extension->number == number && text_equal(extension->message, message))
            return extension->file;
    }
    return SIZE_MAX;
}

bool catalog_extension_number(const struct catalog *catalog, struct text message, size_t nth,
                              int32_t *number)
{
    for (size_t i = 0; i < catalog->extensions.count; i++) {
        if (!text_equal(catalog->extensions.items[i].message, message) || nth-- > 0)
            continue;
        *number = catalog->extensions.items[i].number;
        return true;
    }
    return false;
}
