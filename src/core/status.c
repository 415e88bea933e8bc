/* Names of the status codes. */
#include "segreteria/core/status.h"

const char *status_name(enum status status) {
    switch (status) {
    case STATUS_OK: return "ok";
    case STATUS_NO_MEMORY: return "no_memory";
    case STATUS_INVALID: return "invalid";
    case STATUS_TOO_LARGE: return "too_large";
    case STATUS_NOT_FOUND: return "not_found";
    case STATUS_EXISTS: return "exists";
    case STATUS_BUSY: return "busy";
    case STATUS_TIMEOUT: return "timeout";
    case STATUS_UNAVAILABLE: return "unavailable";
    case STATUS_IO: return "io";
    case STATUS_MISMATCH: return "mismatch";
    case STATUS_UNSUPPORTED: return "unsupported";
    case STATUS_INTERNAL: return "internal";
    }
    return "unknown";
}
