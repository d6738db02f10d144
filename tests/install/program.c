/* An outside program: knows libnn only through pkg-config. Also compiled as C++. */
#include <nn.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    int dims[] = {4};
    nn_dense_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.units = 3;
    nn_layer *layers[2];
    layers[0] = nn_input_new(dims, 1);
    layers[1] = nn_dense_new(&options);
    nn_model *model = nn_sequential_new(layers, 2);
    if (nn_model_build(model) != NN_OK || nn_model_parameters(model) != 15) {
        fprintf(stderr, "%s\n", nn_error_message());
        return 1;
    }
    float x[4] = {1, 2, 3, 4}, y[3];
    nn_context_options run;
    memset(&run, 0, sizeof(run));
    run.struct_size = sizeof(run);
    run.model = model;
    nn_context *context = nn_context_new(&run);
    if (context == NULL || nn_context_predict(context, x, 1, y) != NN_OK) {
        fprintf(stderr, "%s\n", nn_error_message());
        return 1;
    }
    nn_context_free(context);
    nn_model_free(model);
    printf("%s\n", nn_version());
    return 0;
}
