/* Sources from files and memory: see source.h. */
#include "formats/source.h"

#include "base/files.h"

static nn_status source_read_file(const void *from, uint64_t offset, void *data, size_t size)
{
    return nn__reader_read(from, offset, data, size);
}

static void source_close_file(const void *from)
{
    union {
        const void *constant;
        nn__reader *reader;
    } mine = {from};
    nn__reader_close(mine.reader);
}

nn_status nn__source_open(nn__source *source, const char *path, const void *data, size_t size)
{
    *source = (nn__source){0};
    if (data != NULL) {
        *source = (nn__source){path != NULL ? path : "memory", 0,   size, data,
                               nn__source_read_memory,         NULL};
        return NN_OK;
    }
    nn__reader *reader;
    NN_TRY(nn__reader_open(path, &reader));
    *source =
        (nn__source){path, 0, nn__reader_size(reader), reader, source_read_file, source_close_file};
    return NN_OK;
}
