/*
 * Eight bytes per step (slicing-by-8): table k holds, for a byte n, the CRC register after n and k
 * zero bytes. That is linear in the bits of n, so a table follows from eight constants, the entries
 * of 0x01, 0x02, 0x04, ... 0x80, and the compiler fills it in.
 */
#include "base/crc32c.h"

#define E1(n, a, b, c, d, e, f, g, h)                                                              \
    (((n)&1 ? a : 0) ^ ((n)&2 ? b : 0) ^ ((n)&4 ? c : 0) ^ ((n)&8 ? d : 0) ^ ((n)&16 ? e : 0) ^    \
     ((n)&32 ? f : 0) ^ ((n)&64 ? g : 0) ^ ((n)&128 ? h : 0))
#define E4(n, ...)                                                                                 \
    E1(n, __VA_ARGS__), E1((n) + 1, __VA_ARGS__), E1((n) + 2, __VA_ARGS__), E1((n) + 3, __VA_ARGS__)
#define E16(n, ...)                                                                                \
    E4(n, __VA_ARGS__), E4((n) + 4, __VA_ARGS__), E4((n) + 8, __VA_ARGS__),                        \
        E4((n) + 12, __VA_ARGS__)
#define E64(n, ...)                                                                                \
    E16(n, __VA_ARGS__), E16((n) + 16, __VA_ARGS__), E16((n) + 32, __VA_ARGS__),                   \
        E16((n) + 48, __VA_ARGS__)
#define E256(...)                                                                                  \
    {                                                                                              \
        E64(0, __VA_ARGS__), E64(64, __VA_ARGS__), E64(128, __VA_ARGS__), E64(192, __VA_ARGS__)    \
    }

static const uint32_t crc32c_table[8][256] = {
    E256(0xF26B8303u, 0xE13B70F7u, 0xC79A971Fu, 0x8AD958CFu, 0x105EC76Fu, 0x20BD8EDEu, 0x417B1DBCu,
         0x82F63B78u),
    E256(0x13A29877u, 0x274530EEu, 0x4E8A61DCu, 0x9D14C3B8u, 0x3FC5F181u, 0x7F8BE302u, 0xFF17C604u,
         0xFBC3FAF9u),
    E256(0xA541927Eu, 0x4F6F520Du, 0x9EDEA41Au, 0x38513EC5u, 0x70A27D8Au, 0xE144FB14u, 0xC76580D9u,
         0x8B277743u),
    E256(0xDD45AAB8u, 0xBF672381u, 0x7B2231F3u, 0xF64463E6u, 0xE964B13Du, 0xD725148Bu, 0xABA65FE7u,
         0x52A0C93Fu),
    E256(0x38116FACu, 0x7022DF58u, 0xE045BEB0u, 0xC5670B91u, 0x8F2261D3u, 0x1BA8B557u, 0x37516AAEu,
         0x6EA2D55Cu),
    E256(0xEF306B19u, 0xDB8CA0C3u, 0xB2F53777u, 0x6006181Fu, 0xC00C303Eu, 0x85F4168Du, 0x0E045BEBu,
         0x1C08B7D6u),
    E256(0x68032CC8u, 0xD0065990u, 0xA5E0C5D1u, 0x4E2DFD53u, 0x9C5BFAA6u, 0x3D5B83BDu, 0x7AB7077Au,
         0xF56E0EF4u),
    E256(0x493C7D27u, 0x9278FA4Eu, 0x211D826Du, 0x423B04DAu, 0x847609B4u, 0x0D006599u, 0x1A00CB32u,
         0x34019664u),
};

static uint32_t crc32c_word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t nn__crc32c(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *p = data;
    crc = ~crc;
    for (; size >= 8; p += 8, size -= 8) {
        uint32_t a = crc ^ crc32c_word(p), b = crc32c_word(p + 4);
        crc = crc32c_table[7][a & 255] ^ crc32c_table[6][a >> 8 & 255] ^
              crc32c_table[5][a >> 16 & 255] ^ crc32c_table[4][a >> 24] ^ crc32c_table[3][b & 255] ^
              crc32c_table[2][b >> 8 & 255] ^ crc32c_table[1][b >> 16 & 255] ^
              crc32c_table[0][b >> 24];
    }
    for (; size > 0; p++, size--)
        crc = crc >> 8 ^ crc32c_table[0][(crc ^ *p) & 255];
    return ~crc;
}
