/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Template: from a tile's scores to residuals and losses, a row per lane.
 *
 * Residuals are formed without cancellation: s(z) - y is written as
 * +-s(+-z), and p_label - 1 as minus the sum of the other classes, so that they
 * keep their relative precision where the model is already right.
 */
#ifndef WATTLE_LINK_H
#define WATTLE_LINK_H

/*
 * What a link reads and writes. @z: scores in, residuals out, zero for lanes
 * beyond the last row. @keep: 1 for lanes that hold a row, else 0.
 */
struct link_tile {
	float		*z;
	const int32_t	*labels;
	const float	*keep;
	const float	*b;
	size_t		nr_outputs;
};

/* Vectors of a whole tile that the logistic link takes side by side. */
#define LOCKSTEP (TILE_ROWS / VW < 4 ? TILE_ROWS / VW : 4)

V_INLINE void link_linear(const struct link_tile *t, size_t v, vf *loss)
{
	const vf z = v_mul(v_add(v_load(t->z + v), v_set1(t->b[0])), v_load(t->keep + v));

	*loss = v_fma(v_mul(z, v_set1(0.5f)), z, *loss);
	v_store(t->z + v, z);
}

/* s(z) and s(-z) with full relative precision; e = exp(-|z|), q = 1 / (1 + e). */
V_INLINE void sigmoids(vf z, vf *e, vf *pos, vf *neg)
{
	vf q, eq;
	vm below;

	*e = v_exp(v_sub(v_set1(0.0f), v_abs(z)));
	q = v_div(v_set1(1.0f), v_add(v_set1(1.0f), *e));
	eq = v_mul(*e, q);
	below = v_lt_f(z, v_set1(0.0f));
	*pos = v_sel(below, eq, q);
	*neg = v_sel(below, q, eq);
}

V_INLINE void link_logistic(const struct link_tile *t, size_t v, unsigned int U, vf *loss)
{
	vf z[4], a[4], sign[4], e[4], q[4], keep[4];
	unsigned int i;

	EACH keep[i] = v_load(t->keep + v + i * VW);
	EACH z[i] = v_add(v_load(t->z + v + i * VW), v_set1(t->b[0]));
	/*
	 * A label, 0 or 1, becomes a sign. a = z for class 0, -z for class 1: the residual
	 * is s(a), -s(a), the loss ln(1 + e^a).
	 */
	EACH sign[i] = v_float(v_shl(v_iload(t->labels + v + i * VW), 31));
	EACH a[i] = v_xor(z[i], sign[i]);
	EACH e[i] = v_or(a[i], v_set1(-0.0f));
	v_exps(e, U);
	EACH q[i] = v_add(v_set1(1.0f), e[i]);
	/* s(a) = 1 / (1 + e^-a), and below 0 e^a / (1 + e^a): e = e^-|a| serves both. */
	EACH {
		const vf num = v_sel(v_lt_f(a[i], v_set1(0.0f)), e[i], v_set1(1.0f));

		v_store(t->z + v + i * VW,
			v_xor(v_mul(v_div(num, q[i]), keep[i]), sign[i]));
	}
	v_logs(q, U);
	EACH {
		vf l = v_add(v_max(v_set1(0.0f), a[i]), q[i]);

		/* z - z: an infinite score must show, even one with the right sign. */
		l = v_add(l, v_sub(z[i], z[i]));
		*loss = v_fma(l, keep[i], *loss);
	}
}

V_INLINE void link_squared(const struct link_tile *t, size_t v, vf *loss)
{
	const vf keep = v_load(t->keep + v);
	const vi label = v_iload(t->labels + v);
	vf e, pos, neg;
	size_t k;

	for (k = 0; k < t->nr_outputs; k++) {
		float *zk = t->z + k * TILE_ROWS + v;
		const vf z = v_add(v_load(zk), v_set1(t->b[k]));
		const vm is = v_eq_i(label, v_iset1((int)(t->nr_outputs == 1 ? 1 : k)));
		const vf sign = v_sel(is, v_set1(-1.0f), v_set1(1.0f));
		vf d;

		sigmoids(v_mul(sign, z), &e, &pos, &neg);
		d = v_add(v_mul(pos, keep), v_mul(v_sub(z, z), keep));
		*loss = v_fma(v_mul(d, v_set1(0.5f)), d, *loss);
		v_store(zk, v_mul(sign, v_mul(d, v_mul(pos, neg))));
	}
}

V_INLINE void link_softmax(const struct link_tile *t, size_t v, vf *loss)
{
	const vf keep = v_load(t->keep + v);
	const vi label = v_iload(t->labels + v);
	vf top = v_add(v_load(t->z + v), v_set1(t->b[0]));
	vf others = v_set1(0.0f), own = v_set1(0.0f), margin = v_set1(0.0f);
	vf all, inv, l;
	size_t k;

	for (k = 1; k < t->nr_outputs; k++)
		top = v_max(top, v_add(v_load(t->z + k * TILE_ROWS + v), v_set1(t->b[k])));
	for (k = 0; k < t->nr_outputs; k++) {
		float *zk = t->z + k * TILE_ROWS + v;
		const vf below = v_sub(v_add(v_load(zk), v_set1(t->b[k])), top);
		const vm is = v_eq_i(label, v_iset1((int)k));
		const vf e = v_exp(below);

		others = v_add(others, v_sel(is, v_set1(0.0f), e));
		own = v_add(own, v_sel(is, e, v_set1(0.0f)));
		margin = v_add(margin, v_sel(is, below, v_set1(0.0f)));
		v_store(zk, e);
	}
	all = v_add(others, own);
	inv = v_div(keep, all);
	for (k = 0; k < t->nr_outputs; k++) {
		float *zk = t->z + k * TILE_ROWS + v;
		const vm is = v_eq_i(label, v_iset1((int)k));
		const vf num = v_sel(is, v_sub(v_set1(0.0f), others), v_load(zk));

		v_store(zk, v_mul(num, inv));
	}
	l = v_sub(v_log(all), margin);
	*loss = v_fma(l, keep, *loss);
}

/*
 * Residuals of n <= TILE_ROWS rows, in place; their sums are added to
 * gb[k * VW + lane] and the losses to loss[lane].
 */
static void tile_link(enum wattle_link link, const struct link_tile *t, size_t n, float *gb,
		      float *loss)
{
	vf l = v_load(loss);
	size_t v, k;

	for (v = 0; v < n; v += VW) {
		switch (link) {
		case WATTLE_LINK_LINEAR:
			link_linear(t, v, &l);
			break;
		case WATTLE_LINK_LOGISTIC:
			if (v + LOCKSTEP * VW <= n) {
				link_logistic(t, v, LOCKSTEP, &l);
				v += (LOCKSTEP - 1) * VW;
			} else {
				link_logistic(t, v, 1, &l);
			}
			break;
		case WATTLE_LINK_SOFTMAX:
			link_softmax(t, v, &l);
			break;
		case WATTLE_LINK_SQUARED:
			link_squared(t, v, &l);
			break;
		}
	}
	v_store(loss, l);
	for (k = 0; k < t->nr_outputs; k++) {
		vf a = v_load(gb + k * VW);

		for (v = 0; v < n; v += VW)
			a = v_add(a, v_load(t->z + k * TILE_ROWS + v));
		v_store(gb + k * VW, a);
	}
}

#endif
