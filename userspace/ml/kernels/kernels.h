/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Training kernels: the gradient of a linear model in one pass over the rows.
 *
 * A tile of rows is read from memory once: its scores, the link (sigmoid,
 * softmax) and its share of the gradient are computed while it sits in the
 * caches. Sums are fp32 over at most WATTLE_FLUSH_ROWS rows and fp64 across.
 *
 * There is one implementation per instruction set, made from the same templates
 * (vmath.h, tile.h, link.h, pass.h) over a handful of vector operations; they
 * differ in rounding only, within the bounds tests/unit/test_kernels.c states.
 */
#ifndef WATTLE_ML_KERNELS_H
#define WATTLE_ML_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wattle/ml.h>

/* Rows whose contributions are added up in fp32 before they go to fp64. */
#define WATTLE_FLUSH_ROWS	128

/**
 * enum wattle_link - what turns a score z into a residual d = dJ/dz and a loss
 * @WATTLE_LINK_LINEAR:	d = z, loss z^2 / 2; one output. The gradient is X'Xw: power iteration
 * @WATTLE_LINK_LOGISTIC: d = s(z) - y, loss ln(1 + e^z) - y z; one output, y = (label == 1)
 * @WATTLE_LINK_SOFTMAX: d_k = p_k - [label == k], loss -ln p_label; two outputs or more
 * @WATTLE_LINK_SQUARED: d_k = (s_k - y_k) s_k (1 - s_k), loss 1/2 sum (y_k - s_k)^2;
 *	y_k = [label == k], or with one output y = [label == 1]
 */
enum wattle_link {
	WATTLE_LINK_LINEAR,
	WATTLE_LINK_LOGISTIC,
	WATTLE_LINK_SOFTMAX,
	WATTLE_LINK_SQUARED,
};

/**
 * struct wattle_pass - one pass over a block of rows
 * @x:		first row; rows of f32 or u8, see struct wattle_matrix
 * @dtype:	enum wattle_dtype
 * @rows:	rows, 0 allowed
 * @cols:	features, at least 1
 * @stride:	elements from row to row; stride * size of an element divides by 64
 * @labels:	class of each row, below @nr_outputs (or 0 and 1 for one output); unused and
 *		may be NULL for %WATTLE_LINK_LINEAR and for scores
 * @link:	enum wattle_link; unused for scores
 * @nr_outputs:	rows of @w
 * @w:		@nr_outputs x @wstride weights; 64-byte aligned, zero beyond @cols
 * @wstride:	wattle_kernels__wstride(@cols)
 * @b:		@nr_outputs intercepts
 * @scratch:	wattle_kernels__scratch_size() bytes, 64-byte aligned, for this call alone
 * @g:		out: @nr_outputs x @wstride, the gradient: sum over rows of d_k x_j; what is
 *		beyond @cols has no meaning
 * @gb:		out: @nr_outputs, sum over rows of d_k
 * @loss:	out: sum over rows
 *
 * Outputs are written, not added to, so that a block may be computed again.
 */
struct wattle_pass {
	const void	*x;
	uint32_t	dtype;
	size_t		rows;
	size_t		cols;
	size_t		stride;
	const uint32_t	*labels;
	enum wattle_link link;
	size_t		nr_outputs;
	const float	*w;
	size_t		wstride;
	const float	*b;
	void		*scratch;
	double		*g;
	double		*gb;
	double		loss;
};

/* Columns of the tables of struct wattle_cov come in so many: a panel of any instruction set. */
#define WATTLE_COV_PANEL	48

/**
 * struct wattle_cov - moments of a block of rows
 * @x: @dtype: @rows: @cols: @stride: the rows, as in struct wattle_pass
 * @width:	@cols rounded up to a multiple of %WATTLE_COV_PANEL
 * @pivot:	@width values, near each column's mean; 0 beyond @cols, and for bytes
 * @scratch:	wattle_cov__scratch_size(@width) bytes, 64-byte aligned
 * @s:		out: @width x @width, of which j >= i holds: sum of (x_i - pivot_i)(x_j - pivot_j)
 * @sum:	out: @width, sum of x - pivot
 * @low: @high: out: @width, extremes of the finite values (inf and -inf without one); aligned
 * @missing:	out: @width, values that are not finite; each counts as the pivot
 *
 * fp32 over at most 256 rows and fp64 across; bytes are exact. The pivot is subtracted in fp32,
 * which is exact for values within a factor 2 of it.
 */
struct wattle_cov {
	const void	*x;
	uint32_t	dtype;
	size_t		rows;
	size_t		cols;
	size_t		stride;
	size_t		width;
	const float	*pivot;
	void		*scratch;
	double		*s;
	double		*sum;
	float		*low;
	float		*high;
	uint64_t	*missing;
};

/* Bytes of struct wattle_cov.scratch. */
static inline size_t wattle_cov__scratch_size(size_t width)
{
	return width * (1024 + 2 * sizeof(float));
}

static inline size_t wattle_cov__width(size_t cols)
{
	return (cols + WATTLE_COV_PANEL - 1) / WATTLE_COV_PANEL * WATTLE_COV_PANEL;
}

/**
 * struct wattle_kernels - the kernels of one instruction set
 * @name:	"avx512", "avx2", "portable"
 * @gradient:	fills @g, @gb and @loss of a pass
 * @scores:	z, rows x nr_outputs, dense; @g, @gb and @loss are not touched
 * @cov:	fills the outs of struct wattle_cov
 * @exp:	e^x for n values; 2 ulp on [-87, 88], clamped outside, NaN stays NaN
 * @log:	ln x for n positive normal values; 2 ulp, and 1e-7 absolute where x is near 1
 *
 * A NaN or infinity in a row, or in w, makes loss and gradient non-finite: bad
 * numbers are never lost on the way.
 */
struct wattle_kernels {
	const char	*name;
	void		(*gradient)(struct wattle_pass *p);
	void		(*scores)(const struct wattle_pass *p, float *z);
	void		(*cov)(struct wattle_cov *p);
	void		(*exp)(const float *x, float *y, size_t n);
	void		(*log)(const float *x, float *y, size_t n);
};

/* NULL where the compiler does not target the architecture. */
extern const struct wattle_kernels *const wattle_kernels_avx512;
extern const struct wattle_kernels *const wattle_kernels_avx2;
extern const struct wattle_kernels *const wattle_kernels_portable;

/**
 * wattle_kernels__wstride() - floats from one output's weights to the next
 * @cols:	features
 *
 * Whole cache lines, so that kernels need no tail code: they read padding,
 * which is zero in the weights.
 */
static inline size_t wattle_kernels__wstride(size_t cols)
{
	return (cols + 15) & ~(size_t)15;
}

/* Bytes of struct wattle_pass.scratch. */
size_t wattle_kernels__scratch_size(size_t cols, size_t nr_outputs);

/**
 * wattle_kernels__pick() - the kernels to use
 * @force:	"avx512", "avx2", "portable"; NULL or "" = the fastest this CPU and OS can run
 * @why:	set to one sentence when @force could not be followed, else to NULL; may be NULL
 *
 * Return: never NULL. An instruction set that is unknown or unavailable falls
 * back to the best available one, and @why says so.
 */
const struct wattle_kernels *wattle_kernels__pick(const char *force, const char **why);

/* True if this CPU and OS can run them. NULL is never available. */
bool wattle_kernels__available(const struct wattle_kernels *k);

/**
 * wattle_kernels__get() - wattle_kernels__pick() with WATTLE_ISA from the environment
 *
 * Decided once per process. A WATTLE_ISA that cannot be followed is reported on
 * stderr, once.
 */
const struct wattle_kernels *wattle_kernels__get(void);

#endif
