/*
 * A model as JSON: its graph, and what it was compiled with. Options are written and read by their
 * tables, so a kind's file says nothing about files.
 */
#ifndef NN__MODEL_ARCHITECTURE_H
#define NN__MODEL_ARCHITECTURE_H

#include "formats/json.h"
#include "model/model.h"

/* {"kind":"conv2d","options":{...}} */
void nn__object_to_json(nn__json_writer *writer, const nn__object *object);
/* The options of a JSON object into those of an object; fields that are missing stay at their
 * defaults. where begins messages: "FILE: node 3". NN_EFORMAT, NN_ENOTSUP (an unknown option),
 * NN_ENOMEM. */
nn_status nn__object_from_json(nn__object *object, const nn__json *json, uint32_t options,
                               const char *where);
/* The kind named in {"kind":...} among the caller's own, then among kinds; NULL with NN_EFORMAT or
 * NN_ENOTSUP. */
const nn_kind *nn__kind_from_json(const nn__json *json, uint32_t object, nn_kind_list own,
                                  const nn_kind *const *kinds, const char *where);

/* The member "weights": those of a built model that decay or learn otherwise than the rest. */
void nn__attributes_to_json(nn__json_writer *writer, const nn_model *model);
nn_status nn__attributes_from_json(nn_model *model, const nn__json *json, const char *path);

/* The graph of a built model. The caller frees *text. */
nn_status nn__architecture_text(nn_model *model, char **text);
/* A model from that text, built; path begins messages; own: the caller's kinds of layers. */
nn_status nn__architecture_model(const char *text, const char *path, nn_kind_list own,
                                 nn_model **model);

#endif
