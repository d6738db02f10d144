/*
 * ZIP archives (PKWARE's APPNOTE, with the Zip64 fields): finding a member. Needs nothing but
 * source.h and nn_fail, so that libnn_files has it, too.
 */
#ifndef NN__FORMATS_ZIP_H
#define NN__FORMATS_ZIP_H

#include "formats/source.h"

enum { NN__ZIP_STORED = 0, NN__ZIP_DEFLATED = 8 };

typedef struct nn__zip_member {
    int method;        /* NN__ZIP_STORED, NN__ZIP_DEFLATED, or one that nobody here knows */
    uint32_t crc;      /* of the unpacked bytes                                           */
    uint64_t first;    /* offset of the packed bytes in the archive                       */
    uint64_t packed;   /* their number                                                    */
    uint64_t unpacked; /* ... and that of the unpacked ones                               */
} nn__zip_member;

/* The member `name`, or `name` + ".npy". NN_ENOTFOUND; NN_EFORMAT: no archive, or a damaged one;
 * NN_ENOTSUP: encrypted. */
nn_status nn__zip_find(const nn__source *archive, const char *name, nn__zip_member *member);

/* The CRC-32 of ZIP over more bytes; begins with 0. */
uint32_t nn__crc32(uint32_t crc, const void *data, size_t size);

#endif
