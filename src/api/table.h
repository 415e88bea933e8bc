/* The handlers by operation; private to the api room. */
#ifndef SEGRETERIA_API_TABLE_H
#define SEGRETERIA_API_TABLE_H

#include "segreteria/api/call.h"

typedef enum status (*api_handler)(struct api_call *call);

api_handler api_table_handler(const struct api_table *table, const struct operation *operation);

#endif
