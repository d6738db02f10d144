/*
 * libnn: trains and runs convolutional networks.
 *
 * One include, one -lnn. The parts, in the order in which a newcomer meets them:
 *
 *   nn/base.h          status codes, error messages, version, the rules of every options struct
 *   nn/tensor.h        arrays with a type and a shape
 *   nn/initializers.h  what weights begin with, and penalties on them
 *   nn/layers.h        Conv2D, Dense, BatchNormalization, ...; activations
 *   nn/model.h         a graph of layers; its weights, summary and file; what is trained
 *   nn/schedules.h     learning rates that follow the step: cosine, exponential, one cycle, ...
 *   nn/optimizers.h    SGD, Adam, AdamW, Nadam, RMSprop, ...
 *   nn/losses.h        cross-entropy, squared error, Huber, hinge, ...
 *   nn/metrics.h       accuracy, top-k, precision, recall, AUC, ...
 *   nn/dataset.h       CIFAR, IDX, NPY, CSV, drawings, the caller's arrays and functions
 *   nn/callbacks.h     EarlyStopping, ModelCheckpoint, TensorBoard, ..., the caller's own
 *   nn/train.h         compile, fit, evaluate, predict, confusion matrix, one step at a time
 *   nn/profile.h       where the time of a step goes
 *   nn/extend.h        the function tables behind every kind, for writing one's own
 *
 * Apart from these, with a library of its own, -lnn_files:
 *
 *   nn_files.h         packed files and folders of pictures
 *
 * Valid C99, C11, C17 and C++17. The lower-case macros with keyword arguments (nn_conv2d(...),
 * nn_fit(...)) exist in C only; the plain functions behind them are the ABI and serve every
 * language.
 */
#ifndef NN_H
#define NN_H

#include "nn/base.h"
#include "nn/tensor.h"
#include "nn/initializers.h"
#include "nn/layers.h"
#include "nn/schedules.h"
#include "nn/optimizers.h"
#include "nn/losses.h"
#include "nn/metrics.h"
#include "nn/dataset.h"
#include "nn/model.h"
#include "nn/callbacks.h"
#include "nn/train.h"
#include "nn/profile.h"
#include "nn/extend.h"

#endif
