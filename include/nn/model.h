/*
 * A model is a graph of layers and their weights. It owns its layers and nodes. What a run needs
 * besides (activations, gradients, scratch, position) is in a context: one model, many threads,
 * one context each.
 *
 * The first failure sticks: a model whose construction or build failed returns that failure, with
 * its message, from every later call; a model that no compile has succeeded for returns the failure
 * of the last one from fit, evaluate and train_on_batch. So a program need not check each line of a
 * model's construction, only fit and what follows it, and a second compile.
 */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "base.h"
#include "layers.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The graph and its weights. */
typedef struct nn_model nn_model;
/* The memory of a run; see the end of this header. */
typedef struct nn_context nn_context;

/* A layer applied to something, inside one model: a small value, nothing to free. model is NULL
 * where the call that should have made it failed; the model then remembers the failure. */
typedef struct nn_node {
    nn_model *model; /* that it is in; NULL after a failure */
    int index;       /* the library's                       */
    int reserved;    /* 0                                   */
} nn_node;

/* ---- Construction --------------------------------------------------------------------------- */

/* An empty model; the caller frees it. NULL: NN_ENOMEM. */
NN_API nn_model *nn_model_new(void);

/*
 * A chain of layers, the first made by nn_input. Takes the layers, also when it fails; a NULL among
 * them is a failed constructor: the others are freed and NULL is returned (NN_ENOMEM).
 */
NN_API nn_model *nn_sequential_new(nn_layer *const *layers, size_t count);

/* Frees the model with all it owns. NULL is fine. */
NN_API void nn_model_free(nn_model *model);

/*
 * Appends a layer to the chain that was added last and makes it the model's output; takes the
 * layer. NN_ENOMEM where layer is NULL, NN_EINVAL where it already belongs to a model, NN_ESTATE
 * after the build.
 */
NN_API nn_status nn_model_add(nn_model *model, nn_layer *layer);

/* An input of the model: samples of this shape. The order of the calls is the order of the inputs. */
NN_API nn_node nn_model_input_new(nn_model *model, const int *dims, int rank);

/* layer applied to one node; takes the layer. Failures are kept by the model. */
NN_API nn_node nn_apply(nn_layer *layer, nn_node input);
/* layer applied to inputs[0..count-1], in this order; takes the layer. Failures are kept by the
 * model. */
NN_API nn_node nn_merge_new(nn_layer *layer, const nn_node *inputs, size_t count);

/*
 * Declares an output, or one more: the order of the calls is the order of the outputs. The first
 * call replaces the end of a chain that nn_model_add made the output. NN_EINVAL where the node is an
 * output already or of another model, NN_ESTATE after the build.
 */
NN_API nn_status nn_model_output(nn_model *model, nn_node output);
/* Declares all outputs, in the place of those before; nn_model_outputs(model, a, b) counts them. */
NN_API nn_status nn_model_set_outputs(nn_model *model, const nn_node *outputs, size_t count);

#ifndef __cplusplus
/* nn_sequential_new with the layers counted: nn_sequential(nn_input(4), nn_dense(2)). C only. */
#define nn_sequential(...)                                                                         \
    nn_sequential_new((nn_layer *[]){__VA_ARGS__},                                                 \
                      sizeof((nn_layer *[]){__VA_ARGS__}) / sizeof(nn_layer *))
/* nn_model_input_new with dimensions counted: nn_model_input(model, 32, 32, 3). C only. */
#define nn_model_input(model, ...) nn_model_input_new((model), NN_SHAPE(__VA_ARGS__))
/* nn_model_set_outputs with the nodes counted: nn_model_outputs(model, a, b). C only. */
#define nn_model_outputs(model, ...)                                                               \
    nn_model_set_outputs((model), (const nn_node[]){__VA_ARGS__},                                  \
                         sizeof((const nn_node[]){__VA_ARGS__}) / sizeof(nn_node))
/* nn_merge_new with the nodes counted: nn_merge(nn_add(), a, b). C only. */
#define nn_merge(layer, ...)                                                                       \
    nn_merge_new((layer), (const nn_node[]){__VA_ARGS__},                                          \
                 sizeof((const nn_node[]){__VA_ARGS__}) / sizeof(nn_node))
#endif

/* ---- Settings ------------------------------------------------------------------------------- */

/* The key of every random number of this model: first weights, dropout masks, shuffles. Default 0.
 * Call it before the build, which draws the weights; NN_ESTATE afterwards. */
NN_API nn_status nn_model_set_seed(nn_model *model, uint64_t seed);

/* Threads for this model's runs, 1..64; 0 is nn_default_threads(). Results do not depend on it.
 * Slow datasets are read ahead by as many again (nn/dataset.h). */
NN_API nn_status nn_model_set_threads(nn_model *model, int threads);

/* "sequential" unless set; copied. Shown by the summary and kept in files. */
NN_API nn_status nn_model_set_name(nn_model *model, const char *name);
/* The model's name; lent. */
NN_API const char *nn_model_name(const nn_model *model);

/* ---- Build and look ------------------------------------------------------------------------- */

/*
 * Checks every layer in node order, works out shapes, names layers (conv2d, conv2d_1, ...), draws
 * the first weights. Called by whatever needs a built model. Errors name the layer:
 * NN_EINVAL (also an input that no layer reads), NN_ESHAPE, NN_ENOMEM, NN_ESTATE (no output or no
 * layer).
 */
NN_API nn_status nn_model_build(nn_model *model);

/*
 * Prints Keras's summary table to a stdio FILE (given as void * so that this header needs no
 * stdio.h). A model that is not a chain gets the column of connections, its inputs as rows, and the
 * order of Keras's functional models. NN_EINVAL, NN_EIO (a write failure), NN_ENOMEM.
 */
typedef struct nn_summary_options {
    size_t struct_size;
    nn_model *model;    /* must be given                                                       */
    void *stream;       /* NULL is stdout                                                      */
    int line_length;    /* columns, 88..1000; 0 is 88 (Keras: 108 for graphs, less in a narrow
                           terminal, 12 more with show_trainable)                              */
    int show_trainable; /* 1: a column Y, N, or - for layers without weights                   */
    int plan_batch;     /* above 0: then nn_model_print_plan for batches of that many rows     */
    int reserved;       /* 0                                                                   */
} nn_summary_options;
NN_API nn_status nn_model_print_summary(const nn_summary_options *options);
#ifndef __cplusplus
#define nn_summary(...) nn_model_print_summary(NN_OPTIONS(nn_summary_options, __VA_ARGS__))
#endif

/* The same with nothing but the model and the stream, which must be given. */
NN_API nn_status nn_model_summary(nn_model *model, void *stream);

/*
 * Writes the graph as Graphviz text: a box per layer with its name, class, shapes and parameters,
 * frozen layers marked; for `dot -Tsvg`. What keras.utils.plot_model draws with show_shapes.
 * stream as above, not NULL. NN_EINVAL, NN_EIO.
 */
NN_API nn_status nn_model_dot(nn_model *model, void *stream);

/* Prints the memory plan for training with batches of that many rows: each block, its bytes, its
 * life and place, the total; before any of it is allocated. Builds the model; without a compile the
 * plan has no loss and no slots. stream as above. NN_EINVAL, NN_EIO, NN_ENOMEM. */
NN_API nn_status nn_model_print_plan(nn_model *model, int batch_size, void *stream);

/* Shape of the input (of several, the first) without the row dimension, built first; NULL on
 * failure. Lent. */
NN_API const nn_shape *nn_model_input_shape(nn_model *model);
/* Shape of the output, likewise. */
NN_API const nn_shape *nn_model_output_shape(nn_model *model);
/* How many inputs there are; 0 where the build fails. */
NN_API size_t nn_model_input_count(nn_model *model);
/* How many outputs there are; 0 where the build fails. */
NN_API size_t nn_model_output_count(nn_model *model);
/* Shape of input 0..count-1; NULL where there is none. Lent. */
NN_API const nn_shape *nn_model_input_shape_at(nn_model *model, size_t index);
/* Shape of output 0..count-1, likewise. */
NN_API const nn_shape *nn_model_output_shape_at(nn_model *model, size_t index);
/* Name of input 0..count-1, its layer's; NULL where there is none. Lent. */
NN_API const char *nn_model_input_name(nn_model *model, size_t index);
/* Name of output 0..count-1, likewise. */
NN_API const char *nn_model_output_name(nn_model *model, size_t index);

/* ---- Layers by name -------------------------------------------------------------------------
 * Names are those of the summary: given ones, or counted (conv2d, conv2d_1, ...). All calls build
 * the model first; NN_ENOTFOUND for an unknown name.
 */

/* How many layers there are, inputs included. */
NN_API size_t nn_model_layer_count(nn_model *model);
/* The name of layer 0..count-1 in the order they were added; lent; NULL where there is none. */
NN_API const char *nn_model_layer_name(nn_model *model, size_t index);

/*
 * Keras's layer.trainable. A frozen layer's weights are not updated (no decay, no momentum) and
 * have no gradient; a frozen batch normalization uses its moving averages and leaves them alone, in
 * training too; Dropout goes on as before. Where nothing before a layer is trained, backward ends
 * there: nothing is kept for it. layer NULL: all of them. Takes effect with the next fit or
 * train_on_batch, without compiling again; contexts made for training before are NN_ESTATE. Saved
 * with the model.
 */
NN_API nn_status nn_model_set_trainable(nn_model *model, const char *layer, int trainable);
/* Freezes the layer and every layer that its output is made from: in a chain, the layers up to it. */
NN_API nn_status nn_model_freeze_until(nn_model *model, const char *layer);
/* 1, or 0 where the layer is frozen (or there is none). */
NN_API int nn_model_trainable(nn_model *model, const char *layer);

/* ---- Models made of a model -----------------------------------------------------------------
 * New models that share nothing with the old one, which they outlive; layers keep their names and
 * stay frozen where they were. Not compiled. The caller frees them. NULL: the model's failure,
 * NN_ENOMEM.
 */

/* The same layers with first weights drawn from this seed (Keras's clone_model); the old model's
 * own seed gives what that began with. */
NN_API nn_model *nn_model_clone(nn_model *model, uint64_t seed);
/* The same layers with the same weights. */
NN_API nn_model *nn_model_copy(nn_model *model);
/* The layers that the output of the named one is made from, with their weights; that is the new
 * model's output (Keras: Model(model.input, model.get_layer(name).output)). NN_ENOTFOUND; NN_EINVAL
 * where the name is an input's. */
NN_API nn_model *nn_model_until(nn_model *model, const char *layer);

/* ---- Weights by name ------------------------------------------------------------------------
 * Names are layer/weight: "conv2d/kernel", "batch_normalization/moving_mean". Order: layer by
 * layer as in Keras's get_weights.
 */

/* How many weights there are. */
NN_API size_t nn_model_weight_count(nn_model *model);
/* The name of weight 0..count-1; lent; NULL where there is none. */
NN_API const char *nn_model_weight_name(nn_model *model, size_t index);
/* The shape of the weight of that name; lent; NULL where there is none. */
NN_API const nn_shape *nn_model_weight_shape(nn_model *model, const char *name);
/* Copies a weight out; count is the number of elements of values and must be that of the weight
 * (NN_ESHAPE); NN_ENOTFOUND for an unknown name. */
NN_API nn_status nn_model_get_weight(nn_model *model, const char *name, nn_real *values,
                                     size_t count) NN_MUST_CHECK;
/* Copies a weight in, with the same failures; the model is then unaltered. */
NN_API nn_status nn_model_set_weight(nn_model *model, const char *name, const nn_real *values,
                                     size_t count) NN_MUST_CHECK;
/* The number of parameters: elements of all weights. */
NN_API size_t nn_model_parameters(nn_model *model);
/* The number of parameters that the optimizer changes. */
NN_API size_t nn_model_trainable_parameters(nn_model *model);

/* ---- How single weights learn ---------------------------------------------------------------
 * Both build the model first, take effect with the next step, before or after a compile, and are
 * saved with the model.
 */

/* Weights with that text in their names ("bias", "batch_normalization", "dense_1/kernel") are left
 * out of the optimizer's weight decay. NN_ENOTFOUND where there is none, NN_EINVAL. */
NN_API nn_status nn_model_exclude_from_weight_decay(nn_model *model, const char *name);

/*
 * Of every change that the optimizer makes to the layer of that name, or to a single weight
 * ("conv2d/kernel"), only this part is made: w = old + factor (new - old), decay included. That is a
 * learning rate of its own for the layer; 1 as before. factor >= 0 (NN_EINVAL); NN_ENOTFOUND.
 */
NN_API nn_status nn_model_set_rate_factor(nn_model *model, const char *name, double factor);

/* ---- Files ----------------------------------------------------------------------------------
 * One safetensors file that Python's safetensors package reads: weights by name; architecture,
 * options and position as JSON in its metadata; if the model was compiled, loss, metrics, optimizer
 * with its slots and the state of the last fit's callbacks; CRC-32C of header and data.
 */

/*
 * Writes to a temporary file in the same folder, syncs, renames: after any failure the old file
 * stands untouched. Works inside a callback. NN_EIO names the path and the system's reason.
 */
NN_API nn_status nn_model_save(nn_model *model, const char *path) NN_MUST_CHECK;
/* The same with weights and architecture only: no loss, optimizer, callbacks. What is loaded from
 * it is not compiled. */
NN_API nn_status nn_model_save_weights(nn_model *model, const char *path) NN_MUST_CHECK;

/*
 * Reads a model; the caller frees *model, which is written only on success. A model that was saved
 * compiled is compiled. NN_ENOTFOUND, NN_EIO, NN_EFORMAT (damaged, or not libnn's), NN_ENOTSUP (a
 * kind that this version does not know; nn_load of nn/extend.h takes the caller's own), NN_EMISMATCH
 * (tensors do not fit the architecture), each naming the file and the place.
 */
NN_API nn_status nn_model_load(const char *path, nn_model **model) NN_MUST_CHECK;

/*
 * Reads a file's weights (and optimizer state, where both have it) into a model of the same
 * architecture. NN_EMISMATCH names the first layer or weight that differs, with both shapes; the
 * model is unaltered on failure.
 */
NN_API nn_status nn_model_load_weights(nn_model *model, const char *path) NN_MUST_CHECK;

/* ---- Contexts -------------------------------------------------------------------------------
 * A context is what one thread needs to run a model: the memory of a plan. nn_predict and nn_fit
 * use the model's own.
 */
typedef struct nn_context_options {
    size_t struct_size;
    nn_model *model; /* must be given; must outlive the context                     */
    int batch_size;  /* the most rows of a run; 0 is 32                             */
    int threads;     /* 1..64; 0 is the model's                                     */
    int training;    /* 1: with the memory for gradients; the model must be compiled */
    int no_fusion;   /* 1: one step per layer                                       */
    int profile;     /* 1: its calls are measured, for nn_context_profile           */
    int reserved;    /* 0                                                           */
} nn_context_options;

/* Plans and allocates. Nothing is allocated after it. The caller frees the context. NULL: the
 * model's failure, NN_EINVAL, NN_ESTATE, NN_ENOMEM. */
NN_API nn_context *nn_context_new(const nn_context_options *options);
/* Frees a context. NULL is fine. */
NN_API void nn_context_free(nn_context *context);

/* Bytes of the context's plan. */
NN_API size_t nn_context_bytes(const nn_context *context);

/*
 * The model in inference mode on rows of x[rows][...], 1 <= rows <= batch_size, into the caller's
 * y[rows][...]. Several contexts of one model may run at once while nothing changes its weights.
 */
NN_API nn_status nn_context_predict(nn_context *context, const nn_real *x, int rows,
                                    nn_real *y) NN_MUST_CHECK;
/* The same for any number of inputs and outputs: x[i] for each input, y[k] for each output, NULL
 * where that is not wanted. nn_context_predict gives NN_EINVAL for a model with more than one. */
NN_API nn_status nn_context_predict_many(nn_context *context, const nn_real *const *x, int rows,
                                         nn_real *const *y) NN_MUST_CHECK;

#ifndef __cplusplus
#define nn_context(...) nn_context_new(NN_OPTIONS(nn_context_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
