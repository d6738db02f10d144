/* An outside program: knows libnn_files only through pkg-config. */
#include <nn_files.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    /* printf '\0\0\10\2\0\0\0\2\0\0\0\1ab' | gzip -n9 */
    static const unsigned char packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                                           0x02, 0x03, 0x63, 0x60, 0xe0, 0x60, 0x62, 0x60,
                                           0x60, 0x00, 0x61, 0xc6, 0xc4, 0x24, 0x00, 0x74,
                                           0x97, 0xdc, 0xc6, 0x0e, 0x00, 0x00, 0x00};
    nn_idx_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.x_data = packed;
    options.x_size = sizeof(packed);
    nn_dataset *dataset = nn_files_idx_new(&options);
    if (dataset == NULL || nn_dataset_rows(dataset) != 2) {
        fprintf(stderr, "%s\n", nn_error_message());
        return 1;
    }
    nn_dataset_free(dataset);
    return 0;
}
