// dlib's side of the race; see peer.py for what is asked and answered. dlib has Adam and no Nadam,
// so conv2 trains with Adam here, which is less work. At inference batch norm is `affine`, behind
// the pooling instead of before it (the same values where its factors are positive, with a quarter
// of the work), or gone into the dense layer behind it; dropout is gone.
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>

extern "C" void openblas_set_num_threads(int) __attribute__((weak));

namespace
{
using namespace dlib;

using picture = std::array<matrix<float>, 3>;
using pictures = input<picture>;
template <int percent> struct dropped_ : dropout_ {
    dropped_() : dropout_(percent / 100.0f)
    {
    }
};
template <int percent, typename below> using dropped = add_layer<dropped_<percent>, below>;

template <typename below> using pooled = max_pool<2, 2, 2, 2, below>;
template <int filters, typename below> using conv_relu = relu<con<filters, 3, 3, 1, 1, below>>;
template <int units, typename below> using dense_relu = relu<fc<units, below>>;

using conv2_train =
    loss_multiclass_log<fc<10, dense_relu<100, dropped<50, pooled<conv_relu<10, pictures>>>>>>;
using conv2_infer = softmax<fc<10, dense_relu<100, pooled<conv_relu<10, pictures>>>>>;

template <int filters, typename below>
using stage = dropped<25, pooled<bn_con<conv_relu<filters, below>>>>;
template <int filters, typename below> using stage_infer = pooled<conv_relu<filters, below>>;

using deep_train = loss_multiclass_log<
    fc<10, dropped<50, bn_fc<dense_relu<256, stage<128, stage<64, stage<32, pictures>>>>>>>>;
using deep_infer = softmax<fc<
    10,
    dense_relu<256, stage_infer<128, affine<stage_infer<64, affine<stage_infer<32, pictures>>>>>>>>;

double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::vector<picture> random_pictures(int count)
{
    std::vector<picture> made(count);
    dlib::rand random(1);
    for (picture &one : made)
        for (matrix<float> &plane : one) {
            plane.set_size(32, 32);
            for (float &value : plane)
                value = float(random.get_double_in_range(-1, 1));
        }
    return made;
}

// The rows as tensors of `batch` rows each.
template <typename net_type>
std::vector<resizable_tensor> batches_of(net_type &net, int rows, int batch)
{
    const std::vector<picture> all = random_pictures(rows);
    std::vector<resizable_tensor> batches(rows / batch);
    for (size_t i = 0; i < batches.size(); i++)
        net.to_tensor(all.begin() + i * batch, all.begin() + (i + 1) * batch, batches[i]);
    return batches;
}

// A runner does one step of its task, on one batch after the other.
using runner = std::function<void()>;

template <typename net_type> runner trainer(int rows, int batch)
{
    auto net = std::make_shared<net_type>();
    auto solvers = std::make_shared<std::vector<adam>>(net_type::num_computational_layers,
                                                       adam(0, 0.9, 0.999));
    auto batches = std::make_shared<std::vector<resizable_tensor>>(batches_of(*net, rows, batch));
    std::vector<unsigned long> labels(batch);
    for (size_t i = 0; i < labels.size(); i++)
        labels[i] = i % 10;
    return [=, step = size_t(0)]() mutable {
        net->compute_parameter_gradients((*batches)[step++ % batches->size()], labels.begin());
        net->update_parameters(*solvers, 1e-3);
    };
}

template <typename net_type> runner predictor(int rows, int batch)
{
    auto net = std::make_shared<net_type>();
    auto batches = std::make_shared<std::vector<resizable_tensor>>(batches_of(*net, rows, batch));
    return [=, step = size_t(0)]() mutable {
        net->forward((*batches)[step++ % batches->size()]).host();
    };
}

runner make(const std::string &network, const std::string &task, int rows, int batch)
{
    if (task == "train")
        return network == "conv2" ? trainer<conv2_train>(rows, batch)
                                  : trainer<deep_train>(rows, batch);
    return network == "conv2" ? predictor<conv2_infer>(rows, batch)
                              : predictor<deep_infer>(rows, batch);
}

void set_threads(const std::string &word)
{
    if (openblas_set_num_threads != nullptr)
        openblas_set_num_threads(std::stoi(word.substr(std::strlen("threads="))));
}

long run_for(const runner &run, double seconds, double &taken)
{
    const double start = now();
    long steps = 0;
    do {
        run();
        steps++;
        taken = now() - start;
    } while (taken < seconds);
    return steps;
}

void peak()
{
    std::ifstream status("/proc/self/status");
    std::string word;
    long kilobytes = 0;
    while (status >> word)
        if (word == "VmHWM:")
            status >> kilobytes;
    std::printf("ok %ld\n", kilobytes);
}

void serve()
{
    std::string line, question, network, task, threads;
    runner run;
    int batch = 0;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        words >> question;
        if (question == "take") {
            words >> network >> task >> batch >> threads;
            set_threads(threads);
            run = make(network, task, task == "train" ? 4096 : 1024, batch);
            std::printf("ok\n");
        } else if (question == "turn") {
            double seconds = 0, taken = 0;
            words >> seconds;
            run_for(run, seconds / 5, taken);
            long steps = run_for(run, seconds, taken);
            std::printf("ok %ld %.9f\n", steps * batch, taken);
        } else {
            peak();
        }
        std::fflush(stdout);
    }
}
} // namespace

int main(int argc, char **argv)
{
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "about") {
        std::printf("ok dlib %d.%d\n", DLIB_MAJOR_VERSION, DLIB_MINOR_VERSION);
    } else if (mode == "start" && argc == 4) {
        set_threads(argv[3]);
        make(argv[2], "train", 32, 32)();
        std::printf("ok %.9f\n", now());
    } else if (mode == "serve") {
        serve();
    } else {
        std::fputs("bench/peers/race.py runs this program\n", stderr);
        return 1;
    }
    return 0;
}
