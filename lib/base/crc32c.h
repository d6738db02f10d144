/*
 * CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected, start and end inverted, as in iSCSI,
 * ext4 and event files. The CRC of "123456789" is 0xE3069283.
 */
#ifndef NN__BASE_CRC32C_H
#define NN__BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what `crc` covers followed by data[0..size-1]; begin with 0. */
uint32_t nn__crc32c(uint32_t crc, const void *data, size_t size);

#endif
