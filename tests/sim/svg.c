// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Speed, power and backlog over time as SVG. Colours differ in lightness too, and each line
 * has its own dashes, so that they can be told apart in print and without colour vision.
 */
#include <errno.h>
#include <math.h>

#include "svg.h"

#define WIDTH	1000
#define HEIGHT	170
#define LEFT	90
#define TOP	50
#define GAP	45

static const char *const colour[SIM_SVG_SERIES] = {
	"#0072b2", "#d55e00", "#009e73", "#000000", "#cc79a7", "#e69f00"
};

static const char *const dash[SIM_SVG_SERIES] = {
	"none", "6 3", "2 2", "10 3 2 3", "4 4", "1 3"
};

struct panel {
	const char *title;
	double scale;
	double (*value)(const struct sim_sample *s);
};

static double speed_of(const struct sim_sample *s)
{
	return s->khz;
}

static double power_of(const struct sim_sample *s)
{
	return s->uw;
}

static double backlog_of(const struct sim_sample *s)
{
	return s->backlog_us;
}

static const struct panel panels[3] = {
	{ "speed of running CPUs, GHz", 1e-6, speed_of },
	{ "package power, W (simulated)", 1e-6, power_of },
	{ "backlog, ms at f_max", 1e-3, backlog_of },
};

/* A round number not below @v: 1, 2 or 5 times a power of ten. */
static double round_up(double v)
{
	double p = pow(10, floor(log10(v > 0 ? v : 1)));

	return v <= p ? p : v <= 2 * p ? 2 * p : v <= 5 * p ? 5 * p : 10 * p;
}

static void text(FILE *out, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc(*s, out);
		}
}

/* A step line, two points a change; several changes within a pixel are one extreme pair. */
static void line(FILE *out, const struct sim_series *s, const struct panel *p, int which,
		 double y0, double x_per_ns, double y_per_unit)
{
	double last = -1;

	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-dasharray=\"%s\" stroke-width=\"1.2\" d=\"",
		colour[which], dash[which]);
	for (size_t i = 0; i < s->n; i++) {
		double x = LEFT + (double)s->sample[i].ns * x_per_ns;
		double y = y0 - p->value(&s->sample[i]) * p->scale * y_per_unit;

		if (last < 0)
			fprintf(out, "M%.1f %.1f", x, y);
		else if (x - last >= 0.2 || i + 1 == s->n)
			fprintf(out, "H%.1fV%.1f", x, y);
		else
			continue;
		last = x;
	}
	fprintf(out, "\"><title>");
	text(out, s->label);
	fprintf(out, "</title></path>\n");
}

/**
 * sim_svg() - draw
 * @out: where to
 * @title: above the panels
 * @series: lines
 * @n: how many, at most SIM_SVG_SERIES
 *
 * Return: 0, -EINVAL when there is nothing to draw, -EIO when writing failed.
 */
int sim_svg(FILE *out, const char *title, const struct sim_series *series, int n)
{
	int all = TOP + 3 * (HEIGHT + GAP) + 20;
	double end = 0;

	if (n < 1 || n > SIM_SVG_SERIES)
		return -EINVAL;
	for (int i = 0; i < n; i++)
		if (series[i].n)
			end = fmax(end, (double)series[i].sample[series[i].n - 1].ns);
	if (end <= 0)
		return -EINVAL;
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		LEFT + WIDTH + 30, all);
	fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"%d\" y=\"20\" font-size=\"14\">",
		LEFT);
	text(out, title);
	fprintf(out, "</text>\n");
	for (int i = 0; i < n; i++) {
		fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"36\" y2=\"36\" stroke=\"%s\" stroke-dasharray=\"%s\" stroke-width=\"2\"/>\n",
			LEFT + i * 160, LEFT + i * 160 + 30, colour[i], dash[i]);
		fprintf(out, "<text x=\"%d\" y=\"40\">", LEFT + i * 160 + 36);
		text(out, series[i].label);
		fprintf(out, "</text>\n");
	}
	for (int k = 0; k < 3; k++) {
		double y0 = TOP + HEIGHT + k * (HEIGHT + GAP), most = 0;

		for (int i = 0; i < n; i++)
			for (size_t s = 0; s < series[i].n; s++)
				most = fmax(most, panels[k].value(&series[i].sample[s]));
		most = round_up(most * panels[k].scale);
		fprintf(out, "<text x=\"%d\" y=\"%.0f\">%s</text>\n", LEFT, y0 - HEIGHT - 4,
			panels[k].title);
		for (int g = 0; g <= 4; g++)
			fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
				LEFT, LEFT + WIDTH, y0 - g * HEIGHT / 4.0, y0 - g * HEIGHT / 4.0,
				LEFT - 6, y0 - g * HEIGHT / 4.0 + 4, most * g / 4);
		for (int i = 0; i < n; i++)
			line(out, &series[i], &panels[k], i, y0, WIDTH / end, HEIGHT / most);
	}
	for (int g = 0; g <= 5; g++)
		fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.0f ms</text>\n",
			LEFT + g * WIDTH / 5, all - 25, end / 1e6 * g / 5);
	fprintf(out, "</svg>\n");
	return ferror(out) ? -EIO : 0;
}
