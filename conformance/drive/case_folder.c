#include "conformance/drive/case_folder.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

#include "common/program/read_file.h"
#include "conformance/suite/bundle.h"

enum { CASE_MAX_BYTES = 1 << 20, PATH_BYTES = 4096 };

static bool add(const char *folder, const char *path, struct buffer *bundle, struct error *err)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(CASE_MAX_BYTES);
    SCOPED(buffer) struct buffer name = buffer_capped(PATH_BYTES);

    buffer_appendf(&name, "cases%s", path + strlen(folder));
    return read_file(path, CASE_MAX_BYTES, &bytes, err) &&
           (bundle_append(bundle, buffer_text(&name), buffer_text(&bytes)) ||
            buffer_error(bundle, err));
}

static void fts_scope_end(FTS **tree)
{
    if (*tree != NULL)
        (void)fts_close(*tree);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool case_folder_read(const char *folder, struct buffer *bundle, struct error *err)
{
    char *const roots[] = { UNCONST(folder), NULL };
    SCOPED(fts) FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    const FTSENT *entry;

    while (tree != NULL && (entry = fts_read(tree)) != NULL) {
        static const char suffix[] = ".json";
        size_t len = strlen(entry->fts_path);
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            return error_set(err, ERROR_NOT_FOUND, "%s: %s", entry->fts_path,
                             strerror(entry->fts_errno));
        if (entry->fts_info == FTS_F && len >= sizeof suffix &&
            strcmp(entry->fts_path + len - (sizeof suffix - 1), suffix) == 0 &&
            !add(folder, entry->fts_path, bundle, err))
            return false;
    }
    return tree != NULL || error_set(err, ERROR_NOT_FOUND, "%s: %s", folder, strerror(errno));
}
