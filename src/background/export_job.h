/* One export while it is made: what its parts (exporter.c, export_file.c, export_source.c) share.
 * On the exporter's thread.
 */
#ifndef SEGRETERIA_BACKGROUND_EXPORT_JOB_H
#define SEGRETERIA_BACKGROUND_EXPORT_JOB_H

#include "segreteria/auth/keys.h"
#include "segreteria/core/uuid.h"
#include "segreteria/db/session.h"
#include "segreteria/db/statement.h"

struct export_file;

struct export_job {
    char id[UUID_TEXT_SIZE], account[UUID_TEXT_SIZE], lease[UUID_TEXT_SIZE];
    const struct keys *keys;
    unsigned max_mib;
    struct db_session *reader; /* one snapshot from beginning to end */
    struct db_session *writer; /* each chunk is a transaction */
    struct buf *error;         /* a line for the log */
};

/* A statement's parameter, by name. */
struct export_value {
    const char *name, *value; /* value NULL: null */
};

/* INTERNAL: the statement has a parameter that is not among the values. */
NODISCARD enum status export_sql(struct db_session *session, const struct db_statement *statement,
                                 const struct export_value *values, size_t count,
                                 struct buf *error);

/* ---- the file (export_file.c): a zip, encrypted and stored while it is written ---- */

/* The lease is gone or the data base is: any status but OK ends the job. EXISTS: another has it. */
NODISCARD enum status export_file_open(struct export_job *job, struct export_file **out);
/* Begins an entry. `compress` where that is worth the while. about: a line for people, for the
 * manifest; NULL: none. */
NODISCARD enum status export_file_begin(struct export_file *file, const char *name, bool compress);
NODISCARD enum status export_file_write(struct export_file *file, struct str bytes);
/* Ends it; items: how many it holds, for the manifest, or -1. */
NODISCARD enum status export_file_end(struct export_file *file, const char *about, long items);
/* Something that belongs here and could not be read: the manifest says so. */
void export_file_miss(struct export_file *file, const char *name);
/* Writes the manifest and stores the rest. The export is ready then. */
NODISCARD enum status export_file_finish(struct export_file *file, const char *kind);
void export_file_close(struct export_file *file); /* NULL is allowed */

/* ---- what goes into it (export_source.c) ---- */

NODISCARD enum status export_source_write(struct export_job *job, struct export_file *file);

#endif
