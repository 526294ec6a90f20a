/* A small file as bytes, for the controls. */
#ifndef TESTKIT_BENCH_FILE_BYTES_H
#define TESTKIT_BENCH_FILE_BYTES_H

#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 1 << 20 };

/* Length of the file, read into a block the caller frees. The program ends when it cannot be read
 * or has more than FILE_BYTES_MAX bytes. */
static inline size_t file_bytes_read(const char *path, char **out)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    if (file == NULL || bytes == NULL) {
        perror(path);
        exit(1);
    }
    size_t len = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
    if (ferror(file) || len > FILE_BYTES_MAX) {
        (void)fprintf(stderr, "%s: cannot be read, or is too long\n", path);
        exit(1);
    }
    (void)fclose(file);
    *out = bytes;
    return len;
}

#endif
