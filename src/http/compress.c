/* One function a codec; each writes into a block of the input's size and gives up when that does
 * not suffice. */
#include "compress.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_LEVEL 1
#define ZSTD_LEVEL 3
#define BROTLI_QUALITY 4

struct compressor {
    z_stream gzip;
    bool gzip_ready;
    ZSTD_CCtx *zstd;
};

enum status compressor_create(struct compressor **out) {
    struct compressor *compressor = calloc(1, sizeof *compressor);
    if (compressor == NULL)
        return STATUS_NO_MEMORY;
    *out = compressor;
    return STATUS_OK;
}

void compressor_destroy(struct compressor *compressor) {
    if (compressor == NULL)
        return;
    if (compressor->gzip_ready)
        (void)deflateEnd(&compressor->gzip);
    ZSTD_freeCCtx(compressor->zstd);
    free(compressor);
}

bool compress_type(struct str content_type) {
    struct str type = str_trim(str_from(content_type.ptr, str_find(content_type, ';')));
    const struct str names[] = {
        STR_INIT("application/json"),     STR_INIT("application/javascript"),
        STR_INIT("application/xml"),      STR_INIT("application/yaml"),
        STR_INIT("application/x-ndjson"), STR_INIT("image/svg+xml")};
    if (str_starts_with(type, STR("text/")) || str_ends_with(type, STR("+json")))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(type, names[i]))
            return true;
    return false;
}

static enum status gzip_parts(struct compressor *compressor, const struct str *parts, size_t count,
                              Bytef *out, size_t *len) {
    z_stream *stream = &compressor->gzip;
    if (!compressor->gzip_ready) {
        /* 15 + 16: the largest window, gzip's own frame */
        if (deflateInit2(stream, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            return STATUS_NO_MEMORY;
        compressor->gzip_ready = true;
    } else if (deflateReset(stream) != Z_OK) {
        return STATUS_INTERNAL;
    }
    stream->next_out = out;
    stream->avail_out = (uInt)*len;
    for (size_t i = 0; i < count; i++) {
        stream->next_in = (z_const Bytef *)(uintptr_t)parts[i].ptr;
        stream->avail_in = (uInt)parts[i].len;
        if (parts[i].len > 0 && (deflate(stream, Z_NO_FLUSH) != Z_OK || stream->avail_in > 0))
            return STATUS_TOO_LARGE;
    }
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return STATUS_TOO_LARGE;
    *len -= stream->avail_out;
    return STATUS_OK;
}

static enum status zstd_parts(struct compressor *compressor, const struct str *parts, size_t count,
                              void *out, size_t *len, size_t total) {
    if (compressor->zstd == NULL)
        compressor->zstd = ZSTD_createCCtx();
    ZSTD_CCtx *context = compressor->zstd;
    if (context == NULL)
        return STATUS_NO_MEMORY;
    (void)ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    (void)ZSTD_CCtx_setPledgedSrcSize(context, total);
    ZSTD_outBuffer to = {out, *len, 0};
    for (size_t i = 0; i < count; i++) {
        ZSTD_inBuffer from = {parts[i].ptr, parts[i].len, 0};
        size_t left = ZSTD_compressStream2(context, &to, &from,
                                           i + 1 == count ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left) || from.pos < from.size || (i + 1 == count && left > 0))
            return STATUS_TOO_LARGE;
    }
    *len = to.pos;
    return STATUS_OK;
}

static enum status brotli_parts(const struct str *parts, size_t count, char *out, size_t *len,
                                size_t total) {
    BrotliEncoderState *state = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (state == NULL)
        return STATUS_NO_MEMORY;
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, 18);
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, (uint32_t)total);
    uint8_t *to = (uint8_t *)out;
    size_t room = *len;
    bool fits = true;
    for (size_t i = 0; i < count && fits; i++) {
        const uint8_t *from = (const uint8_t *)parts[i].ptr;
        size_t left = parts[i].len;
        BrotliEncoderOperation operation = i + 1 == count ? BROTLI_OPERATION_FINISH
                                                          : BROTLI_OPERATION_PROCESS;
        fits = BrotliEncoderCompressStream(state, operation, &left, &from, &room, &to, NULL) &&
               left == 0;
    }
    fits = fits && BrotliEncoderIsFinished(state);
    BrotliEncoderDestroyInstance(state);
    *len -= room;
    return fits ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status compress_parts(struct compressor *compressor, enum coding coding,
                           const struct str *parts, size_t count, char **out, size_t *out_len) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += parts[i].len;
    if (total > COMPRESS_MAX || count == 0)
        return STATUS_TOO_LARGE;
    char *block = malloc(total + 64);
    if (block == NULL)
        return STATUS_NO_MEMORY;
    size_t len = total + 64;
    enum status status = STATUS_UNSUPPORTED;
    if (coding == CODING_GZIP)
        status = gzip_parts(compressor, parts, count, (Bytef *)block, &len);
    else if (coding == CODING_ZSTD)
        status = zstd_parts(compressor, parts, count, block, &len, total);
    else if (coding == CODING_BR)
        status = brotli_parts(parts, count, block, &len, total);
    if (status != STATUS_OK) {
        free(block);
        return status;
    }
    *out = block;
    *out_len = len;
    return STATUS_OK;
}
