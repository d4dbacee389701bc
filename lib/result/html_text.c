/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "html.h"

static const char style[] =
	":root{color-scheme:light dark}\n"
	"body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 "
	"1rem;"
	"background:#fff;color:#1b1f24}\n"
	"h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem}\n"
	"code,pre{font:13px/1.4 ui-monospace,monospace}pre{white-space:pre-wrap;"
	"overflow-wrap:anywhere;padding:.6rem;border:1px solid #d0d7de;border-radius:6px}\n"
	"table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}\n"
	"caption{text-align:left;font-weight:600;padding:.2rem 0}\n"
	"th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #d0d7de}\n"
	"th:first-child,td:first-child,table.members td{text-align:left}\n"
	"table.members td{overflow-wrap:anywhere}\n"
	"details{margin:.3rem 0}summary{cursor:pointer}.scroll{overflow-x:auto}\n"
	".badge{display:inline-block;padding:.1rem .6rem;border-radius:1rem;font-weight:600;"
	"border:2px solid}\n"
	".good{color:#116329}.bad{color:#a40e26}.note{color:#57606a}\n"
	"svg{width:100%;height:auto;display:block;margin-top:1.4rem}\n"
	"svg .window{fill:#0072b2;opacity:.06}\n"
	"svg text{font:12px system-ui,sans-serif;fill:#3b434b}\n"
	"svg .title{font-weight:600;font-size:14px;fill:#1b1f24}\n"
	"svg .grid{stroke:#e2e6ea;stroke-width:1}svg .axis{stroke:#57606a;stroke-width:1}\n"
	"svg .line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
	"svg .offer{stroke-width:1;stroke-dasharray:1 4;stroke-linecap:round}\n"
	"svg .s0{stroke:#0072b2}svg .s1{stroke:#c04a00;stroke-dasharray:7 3}"
	"svg .s2{stroke:#00785a;stroke-dasharray:2 3}svg .s3{stroke:#a03f78;stroke-dasharray:9 "
	"3 "
	"2 3}"
	"svg .s4{stroke:#6b5b00;stroke-dasharray:4 2}svg "
	".s5{stroke:#5a3fbf;stroke-dasharray:12 4}"
	"svg .s6{stroke:#444;stroke-dasharray:1 3}svg .s7{stroke:#8a1c1c;stroke-dasharray:5 2 "
	"1 2 "
	"1 2}\n"
	"svg .m{fill:#fff;stroke-dasharray:none;stroke-width:1.5}\n"
	"svg .bar{fill:#0072b2}\n"
	"@media (prefers-color-scheme:dark){\n"
	"body{background:#0d1117;color:#e6edf3}\n"
	"pre,th,td{border-color:#30363d}.good{color:#56d364}.bad{color:#ff7b72}"
	".note{color:#9198a1}\n"
	"svg text{fill:#b1bac4}svg .title{fill:#e6edf3}svg .grid{stroke:#21262d}"
	"svg .axis{stroke:#8b949e}\n"
	"svg .window{fill:#58a6ff;opacity:.1}"
	"svg .s0{stroke:#58a6ff}svg .s1{stroke:#ff9e4a}svg .s2{stroke:#3fd0a2}"
	"svg .s3{stroke:#f08cc4}svg .s4{stroke:#e3cf57}svg .s5{stroke:#b9a5ff}"
	"svg .s6{stroke:#ccc}svg .s7{stroke:#ff8f8f}svg .m{fill:#0d1117}svg "
	".bar{fill:#58a6ff}}\n"
	"@media print{details{display:block}}\n";

void html_text(FILE *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			/* Control characters are no text, neither in HTML nor in SVG. */
			if ((unsigned char)*text >= ' ' && *text != 0x7f)
				fputc(*text, out);
			else
				fputc(' ', out);
		}
	}
}

void html_number(FILE *out, enum wr_unit unit, double value)
{
	html_text(out, wr_number(unit, value).text);
}

void html_head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n<title>",
	      out);
	html_text(out, title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void html_foot(FILE *out)
{
	fputs("</body>\n</html>\n", out);
}

void html_value(FILE *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		html_text(out, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
	html_text(out, text);
	free(text);
}

/* One level of nesting is spelt out; deeper ones are shown as JSON. */
static void member_rows(FILE *out, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (json_is_object(value) && !prefix[0]) {
			member_rows(out, key, value);
			continue;
		}
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, prefix);
		fputs(prefix[0] ? "." : "", out);
		html_text(out, key);
		fputs("</th><td>", out);
		html_value(out, value);
		fputs("</td></tr>\n", out);
	}
}

void html_members(FILE *out, const char *caption, const json_t *object)
{
	if (!json_object_size(object))
		return;
	fputs("<details><summary>", out);
	html_text(out, caption);
	fputs("</summary>\n<div class=\"scroll\"><table class=\"members\"><tbody>\n", out);
	member_rows(out, "", object);
	fputs("</tbody></table></div></details>\n", out);
}
