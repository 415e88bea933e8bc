/* Which handler runs which operation. The contract and the folders of src/api must name the same
 * operations: one without the other stops the start.
 */
#include <stdlib.h>

#include "generated/api_operations.h"
#include "table.h"

struct api_table {
    size_t count;
    api_handler handlers[]; /* by operation->index */
};

static const struct api_operation *find(struct str id) {
    for (size_t i = 0; i < api_operations_count; i++)
        if (str_eq(id, str_of(api_operations[i].id)))
            return &api_operations[i];
    return NULL;
}

enum status api_table_create(const struct contract *contract, struct api_table **out,
                             struct buf *error) {
    size_t count = contract_operations_count(contract);
    struct api_table *table = calloc(1, sizeof *table + count * sizeof table->handlers[0]);
    if (table == NULL)
        return STATUS_NO_MEMORY;
    table->count = count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = contract_operation_at(contract, i);
        const struct api_operation *entry = find(operation->id);
        if (entry == NULL) {
            buf_printf(error, "operation %.*s of openapi.yaml has no handler; ",
                       STR_FMT(operation->id));
            status = STATUS_MISMATCH;
        } else {
            table->handlers[operation->index] = entry->run;
        }
    }
    for (size_t i = 0; i < api_operations_count; i++)
        if (contract_operation_find(contract, str_of(api_operations[i].id)) == NULL) {
            buf_printf(error, "handler %s has no operation in openapi.yaml; ",
                       api_operations[i].id);
            status = STATUS_MISMATCH;
        }
    if (status == STATUS_OK)
        *out = table;
    else
        free(table);
    return status;
}

void api_table_destroy(struct api_table *table) { free(table); }

api_handler api_table_handler(const struct api_table *table, const struct operation *operation) {
    return table->handlers[operation->index];
}
