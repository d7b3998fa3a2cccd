/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The model file. safetensors: 8 bytes of header length (little-endian), a JSON
 * header, the tensors' bytes without gaps. Schema "wattle.model/1":
 *
 *   scaler.mean, scaler.scale	F64 [cols], both or neither
 *   pca.mean, pca.scale		F64 [features]; these four or none, and then cols components
 *   pca.components		F64 [cols, features]
 *   pca.variance		F64 [cols]
 *   weight			F32 [nr_outputs, cols]
 *   bias			F32 [nr_outputs]
 *   __metadata__		strings: schema, loss ("log", "squared"), classes and
 *				features (JSON arrays of names; features may be absent); with
 *				pca.*: pca_whiten ("yes", "no"), pca_total (a number)
 */
#ifndef WATTLE_ML_MODEL_SAFETENSORS_H
#define WATTLE_ML_MODEL_SAFETENSORS_H

#include <wattle/ml.h>

#define WATTLE_MODEL_SCHEMA	"wattle.model/1"
/* The format's own limit on the header. */
#define SAFETENSORS_MAX_HEADER	100000000u

/**
 * wattle_safetensors__parse() - a model from the bytes of a file
 * @m:		filled in; zero on failure
 * @path:	for messages
 * @buf:	bytes, trusted in nothing
 * @len:	how many
 * @e:		error
 *
 * Return: 0; -EBADMSG cut short or not safetensors; -EPROTO another schema, or one
 * that contradicts itself; -ENOMEM.
 */
int wattle_safetensors__parse(struct wattle_model *m, const char *path, const char *buf,
			      size_t len, struct wattle_ml_error *e);

/**
 * wattle_safetensors__bytes() - the bytes of a model's file
 * @m:		model
 * @buf:	malloc'ed bytes
 * @len:	how many
 * @e:		error
 *
 * Return: 0; -EINVAL the model is inconsistent or holds values that are not finite;
 * -EILSEQ a name is not UTF-8; -ENOMEM.
 */
int wattle_safetensors__bytes(const struct wattle_model *m, char **buf, size_t *len,
			      struct wattle_ml_error *e);

#endif
