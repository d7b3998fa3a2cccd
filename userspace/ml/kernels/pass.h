/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Template: the pass over a block of rows, and the table of an instruction set.
 *
 * Scratch: g32 (outputs x wstride), gb32 (outputs x VW), z (outputs x TILE_ROWS),
 * labels and keep (TILE_ROWS each), loss (16), and, for bytes, a widened tile.
 * wattle_kernels__scratch_size() must agree.
 */
#ifndef WATTLE_PASS_H
#define WATTLE_PASS_H

struct scratch {
	float	*g;
	float	*gb;
	float	*z;
	int32_t	*labels;
	float	*keep;
	float	*loss;
	float	*wide;
};

static struct scratch scratch_carve(const struct wattle_pass *p)
{
	struct scratch s;
	float *f = p->scratch;

	s.g = f;
	f += p->nr_outputs * p->wstride;
	s.gb = f;
	f += p->nr_outputs * 16;
	s.z = f;
	f += p->nr_outputs * TILE_ROWS;
	s.labels = (int32_t *)f;
	f += TILE_ROWS;
	s.keep = f;
	f += TILE_ROWS;
	s.loss = f;
	f += 16;
	s.wide = f;
	return s;
}

/*
 * Rows of a tile. With one output a tile is to stay in the L1 data cache; with
 * more, scores are taken by eight rows, which do, and the gradient by all of the
 * tile, from L2: its sums are then loaded and stored less often.
 */
static size_t tile_rows(const struct wattle_pass *p)
{
	const size_t fit = (p->nr_outputs == 1 ? TILE_L1 : TILE_L2) / (p->wstride * sizeof(float));

	return fit >= TILE_ROWS ? TILE_ROWS : fit < 8 ? 8 : fit & ~(size_t)7;
}

/*
 * A block is read as eight streams of equal length, so many rows apart; what
 * does not divide by eight follows row by row.
 */
struct walk {
	size_t	len;		/* rows of a stream */
	size_t	done;		/* rows of each stream, or, behind them, of the block */
	bool	behind;
};

/* Row r of the tile is row first + r / 8 * step + r % 8 * apart of the block. */
struct tile {
	size_t	n;
	size_t	first;
	size_t	step;
	size_t	apart;
};

static bool tile_next(struct walk *w, size_t rows, size_t R, struct tile *t)
{
	size_t left;

	if (!w->behind && w->done == w->len) {
		w->behind = true;
		w->done = 8 * w->len;
	}
	t->first = w->done;
	if (w->behind) {
		left = rows - w->done;
		t->n = left < R ? left : R;
		t->step = 8;
		t->apart = 1;
		w->done += t->n;
	} else {
		left = 8 * (w->len - w->done);
		t->n = left < R ? left : R;
		t->step = 1;
		t->apart = w->len;
		w->done += t->n / 8;
	}
	return t->n > 0;
}

static size_t tile_row(const struct tile *t, size_t r)
{
	return t->first + r / 8 * t->step + r % 8 * t->apart;
}

static struct rows tile_rows_at(const struct wattle_pass *p, const struct scratch *s,
				const struct tile *t)
{
	struct rows out = { .nv = (p->cols + VW - 1) / VW };

	if (p->dtype == WATTLE_U8) {
		out.x = s->wide;
		out.stride = p->wstride;
		out.step = 8 * p->wstride;
	} else {
		out.x = (const float *)p->x + t->first * p->stride;
		out.stride = t->apart * p->stride;
		out.step = t->step * p->stride;
	}
	return out;
}

/* Scores of the tile, eight rows at a time; widens them on the way. */
static void tile_forward(const struct wattle_pass *p, const struct scratch *s,
			 const struct tile *t, const struct rows *rows)
{
	struct rows eight = *rows;
	size_t r, i, n;

	for (r = 0; r < t->n; r += n) {
		n = t->n - r < 8 ? t->n - r : 8;
		for (i = r; p->dtype == WATTLE_U8 && i < r + n; i++)
			tile_widen((const uint8_t *)p->x + tile_row(t, i) * p->stride, rows->nv,
				   s->wide + i * p->wstride);
		tile_scores(&eight, n, p->w, p->wstride, p->nr_outputs, s->z + r);
		eight.x += rows->step;
	}
}

/* From the fp32 sums of a few tiles to the fp64 sums of the block. */
static void flush(struct wattle_pass *p, const struct scratch *s)
{
	const size_t len = p->nr_outputs * p->wstride;
	size_t i, k;

	for (i = 0; i < len; i++)
		p->g[i] += (double)s->g[i];
	memset(s->g, 0, len * sizeof(float));
	for (k = 0; k < p->nr_outputs; k++)
		for (i = 0; i < VW; i++)
			p->gb[k] += (double)s->gb[k * VW + i];
	memset(s->gb, 0, p->nr_outputs * VW * sizeof(float));
	for (i = 0; i < VW; i++)
		p->loss += (double)s->loss[i];
	memset(s->loss, 0, VW * sizeof(float));
}

/* Lanes without a row get a harmless score and no weight. */
static void lanes(const struct wattle_pass *p, const struct scratch *s, size_t n)
{
	size_t i;

	memset(s->z, 0, p->nr_outputs * TILE_ROWS * sizeof(float));
	memset(s->labels, 0, TILE_ROWS * sizeof(int32_t));
	for (i = 0; i < TILE_ROWS; i++)
		s->keep[i] = i < n ? 1.0f : 0.0f;
}

/* Labels of the tile's rows, a stream after the other: a step each, no division. */
V_INLINE void gather_labels(const struct wattle_pass *p, const struct scratch *s,
			    const struct tile *t, size_t n)
{
	const uint32_t *label = p->labels + t->first;
	size_t k, r;

	for (k = 0; k < 8 && k < n; k++, label += t->apart)
		for (r = k; r < n; r += 8)
			s->labels[r] = (int32_t)label[r / 8 * t->step];
}

static void pass_gradient(struct wattle_pass *p)
{
	const struct scratch s = scratch_carve(p);
	const struct link_tile l = { s.z, s.labels, s.keep, p->b, p->nr_outputs };
	const size_t R = tile_rows(p);
	struct walk w = { .len = p->rows / 8 };
	size_t n = 0, unflushed = 0;
	struct tile t;

	memset(p->g, 0, p->nr_outputs * p->wstride * sizeof(double));
	memset(p->gb, 0, p->nr_outputs * sizeof(double));
	p->loss = 0.0;
	memset(s.g, 0, p->nr_outputs * p->wstride * sizeof(float));
	memset(s.gb, 0, p->nr_outputs * VW * sizeof(float));
	memset(s.loss, 0, VW * sizeof(float));

	while (tile_next(&w, p->rows, R, &t)) {
		const struct rows rows = tile_rows_at(p, &s, &t);

		if (t.n != n) {
			n = t.n;
			lanes(p, &s, n);
		}
		/*
		 * Before the scores: a vector of labels that is loaded right after its labels
		 * were stored one by one waits until all of them are in the cache.
		 */
		if (p->link != WATTLE_LINK_LINEAR) {
			if (n == TILE_ROWS)
				gather_labels(p, &s, &t, TILE_ROWS);
			else
				gather_labels(p, &s, &t, n);
		}
		tile_forward(p, &s, &t, &rows);
		tile_link(p->link, &l, n, s.gb, s.loss);
		tile_gradient(&rows, n, s.z, s.g, p->wstride, p->nr_outputs);
		unflushed += n;
		if (unflushed >= WATTLE_FLUSH_ROWS) {
			flush(p, &s);
			unflushed = 0;
		}
	}
	if (unflushed)
		flush(p, &s);
}

static void pass_scores(const struct wattle_pass *p, float *z)
{
	const struct scratch s = scratch_carve(p);
	const size_t R = tile_rows(p);
	struct walk w = { .len = p->rows / 8 };
	struct tile t;
	size_t r, k;

	while (tile_next(&w, p->rows, R, &t)) {
		const struct rows rows = tile_rows_at(p, &s, &t);

		tile_forward(p, &s, &t, &rows);
		for (r = 0; r < t.n; r++)
			for (k = 0; k < p->nr_outputs; k++)
				z[tile_row(&t, r) * p->nr_outputs + k] =
					s.z[k * TILE_ROWS + r] + p->b[k];
	}
}

#endif
