/*
 * What the pieces of code of a page stand in: a model for the drawings, compiled, and some rows to
 * train and to test. A piece whose output is told is run by its number; the message of the last
 * failure, where there is one, is printed after it.
 */
#include <nn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS(name)                                                                           \
    static void name(nn_model *model, const nn_dataset *train, const nn_dataset *test)

#define BLOCK(number)                                                                              \
    if (atoi(argv[1]) == number)                                                                   \
        block_##number(model, train, test);

#define RUN_BLOCKS(...)                                                                            \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        nn_dataset *train = nn_drawings(.rows = 320, .one_hot = 1);                                \
        nn_dataset *test = nn_drawings(.rows = 100, .part = NN_TEST, .one_hot = 1);                \
        nn_model *model =                                                                          \
            nn_sequential(nn_input(32, 32, 3), nn_conv2d(8, {3, 3}, .activation = NN_RELU),        \
                          nn_max_pool2d(), nn_flatten(), nn_dense(10, .activation = NN_SOFTMAX));  \
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_categorical_crossentropy(),           \
                   .metrics = nn_metrics(nn_accuracy()));                                          \
        if (argc == 2) {                                                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
        if (nn_error_message()[0] != '\0')                                                         \
            puts(nn_error_message());                                                              \
        nn_model_free(model);                                                                      \
        nn_dataset_free(test);                                                                     \
        nn_dataset_free(train);                                                                    \
    }
