#include "test.h"

#include "base/crc32c.h"

/* Bit by bit, from the definition. */
static uint32_t slow_crc(const unsigned char *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    }
    return ~crc;
}

START_TEST(known_values)
{
    unsigned char zeros[32] = {0}, ones[32];
    memset(ones, 0xFF, sizeof ones);
    ck_assert_uint_eq(nn__crc32c(0, "123456789", 9), 0xE3069283u);
    ck_assert_uint_eq(nn__crc32c(0, "", 0), 0);
    ck_assert_uint_eq(nn__crc32c(0, zeros, 32), 0x8A9136AAu); /* RFC 3720, B.4 */
    ck_assert_uint_eq(nn__crc32c(0, ones, 32), 0x62A8AB43u);
}
END_TEST

START_TEST(every_length_and_cut_agrees_with_the_definition)
{
    unsigned char data[80];
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)test_random(&state);
    for (size_t start = 0; start < 8; start++)
        for (size_t size = 0; start + size <= sizeof data; size++) {
            uint32_t expected = slow_crc(data + start, size);
            ck_assert_uint_eq(nn__crc32c(0, data + start, size), expected);
            size_t cut = test_random(&state) % (size + 1);
            uint32_t first = nn__crc32c(0, data + start, cut);
            ck_assert_uint_eq(nn__crc32c(first, data + start + cut, size - cut), expected);
        }
}
END_TEST

Suite *crc32c_suite(void)
{
    return TEST_SUITE("crc32c", known_values, every_length_and_cut_agrees_with_the_definition);
}
