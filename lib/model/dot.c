/* The graph as Graphviz text: a table per layer, an edge per input. */
#include <stdio.h>

#include "model/model.h"
#include "model/summary_text.h"

/* Text inside a label of Graphviz's HTML kind. */
static void put_escaped(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        default:
            fputc(*text, stream);
            break;
        }
    }
}

/* Text between quotation marks. */
static void put_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

static void put_shapes(const nn_model *model, const nn__node *node, FILE *stream)
{
    char text[NN__SUMMARY_SHAPE];
    if (node->input_count > 0)
        fputs("<tr><td>input</td><td>", stream);
    for (int k = 0; k < node->input_count; k++)
        fprintf(stream, "%s%s", k > 0 ? "<br/>" : "",
                nn__summary_shape(&model->nodes[node->inputs[k]].output, text));
    if (node->input_count > 0)
        fputs("</td></tr>", stream);
    fprintf(stream, "<tr><td>output</td><td>%s</td></tr>", nn__summary_shape(&node->output, text));
}

static void put_node(const nn_model *model, int index, FILE *stream)
{
    const nn__node *node = &model->nodes[index];
    size_t parameters = 0;
    for (int i = 0; i < node->weight_count; i++)
        parameters += model->weights[node->first_weight + i].count;
    fprintf(stream,
            "  n%d [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">"
            "<tr><td colspan=\"2\" bgcolor=\"%s\"><b>",
            index, node->frozen && parameters > 0 ? "lightgray" : "white");
    put_escaped(stream, node->name);
    fputs("</b> (", stream);
    put_escaped(stream, node->layer->object.kind->class_name);
    fprintf(stream, ")%s</td></tr>", node->frozen && parameters > 0 ? ", frozen" : "");
    put_shapes(model, node, stream);
    if (parameters > 0)
        fprintf(stream, "<tr><td>params</td><td>%zu</td></tr>", parameters);
    fputs("</table>>];\n", stream);
}

nn_status nn_model_dot(nn_model *model, void *stream)
{
    NN_TRY(nn_model_build(model));
    if (stream == NULL)
        return nn_fail(NN_EINVAL, "dot: the stream is NULL");
    FILE *out = stream;
    fputs("digraph ", out);
    put_quoted(out, model->name);
    fputs(" {\n  rankdir=TB;\n  node [shape=plaintext, fontname=\"Helvetica\"];\n", out);
    for (int i = 0; i < model->node_count; i++)
        put_node(model, i, out);
    for (int i = 0; i < model->node_count; i++)
        for (int k = 0; k < model->nodes[i].input_count; k++)
            fprintf(out, "  n%d -> n%d;\n", model->nodes[i].inputs[k], i);
    fputs("}\n", out);
    if (fflush(out) != 0 || ferror(out))
        return nn_fail(NN_EIO, "dot: the graph could not be written");
    return NN_OK;
}
