#include "losses/elements.h"

void nn__elements_run(const nn_loss_pass *pass, nn__element *element, size_t divisor)
{
    const size_t width = (size_t)pass->width;
    const double factor = pass->scale / (double)divisor;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        double sum = 0;
        for (size_t j = i * width; j < (i + 1) * width; j++) {
            double slope;
            sum += element(pass->options, (double)pass->prediction[j], (double)pass->targets[j],
                           &slope);
            if (pass->gradient != NULL)
                pass->gradient[j] = (nn_real)(factor * slope);
        }
        pass->losses[i] = sum / (double)divisor;
    }
}

void nn__positions_run(const nn_loss_pass *pass, nn__position *position)
{
    const size_t positions = nn__loss_positions(pass), c = (size_t)pass->width / positions;
    const double scale = pass->scale / (double)positions;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        double sum = 0;
        for (size_t k = i * positions; k < (i + 1) * positions; k++)
            sum += position(pass->gradient == NULL ? NULL : pass->gradient + k * c,
                            pass->prediction + k * c, pass->targets + k * c, scale, c);
        pass->losses[i] = sum / (double)positions;
    }
}

int nn__are_binary(const nn_loss_pass *pass)
{
    const size_t count = (size_t)pass->rows * (size_t)pass->width;
    for (size_t i = 0; i < count; i++)
        if (pass->targets[i] != 0 && pass->targets[i] != 1)
            return 0;
    return 1;
}
