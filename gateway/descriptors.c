#include "gateway/descriptors.h"

#include "common/base/embed.h"
#include "common/program/read_file.h"

enum { DESCRIPTOR_SET_MAX = 32 << 20 };

/* Files that protoc made of proto/ during the build. */
EMBED(hypeman_descriptors, HYPEMAN_DESCRIPTOR_SET);
EMBED(own_descriptors, OWN_DESCRIPTOR_SET);

bool descriptors_load(const char *path, struct descriptors *out, struct error *err)
{
    SCOPED(descriptors) struct descriptors d = { .file = buffer_capped(0) };
    struct text set = EMBEDDED(hypeman_descriptors);
    if (path != NULL) {
        if (!read_file(path, DESCRIPTOR_SET_MAX, &d.file, err))
            return false;
        set = buffer_text(&d.file);
    }
    if (!schema_load(set, &d.schema, err) ||
        !catalog_new(set, EMBEDDED(own_descriptors), &d.catalog, err))
        return path == NULL ? false : error_prefix(err, "%s: ", path);
    *out = d;
    d = (struct descriptors){ 0 };
    return true;
}

void descriptors_fini(struct descriptors *d)
{
    catalog_free(d->catalog);
    schema_free(d->schema);
    buffer_fini(&d->file);
    *d = (struct descriptors){ 0 };
}

void descriptors_scope_end(struct descriptors *d)
{
    descriptors_fini(d);
}
