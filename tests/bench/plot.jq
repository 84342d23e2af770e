# SPDX-License-Identifier: GPL-2.0-only
#
# A curve of a bench's results as SVG: jq -r --arg name CURVE -f plot.jq FILE.json. The x axis is logarithmic, as
# numbers of devices are doubled; a bar at a point goes from the least value to the greatest.

def width: 720;
def height: 400;
def left: 70;
def right: 20;
def top: 70;
def bottom: 50;
def colors: ["#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce"];

def escaped: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");

# The least of 1, 2, 5, 10, ... that is not below.
def nice:
	. as $v | pow(10; $v | log10 | floor) as $p | [1, 2, 5, 10 | . * $p] | map(select(. >= $v * 0.999)) | first;

def tenth: . * 10 | round / 10;

def text($x; $y; $anchor; $what):
	"<text x=\"\($x | tenth)\" y=\"\($y | tenth)\" text-anchor=\"\($anchor)\">\($what | tostring | escaped)</text>";

def line($x1; $y1; $x2; $y2; $color):
	"<line x1=\"\($x1 | tenth)\" y1=\"\($y1 | tenth)\" x2=\"\($x2 | tenth)\" y2=\"\($y2 | tenth)\" stroke=\"\($color)\"/>";

(.curves[] | select(.name == $name)) as $curve
| [$curve.lines[].points[]] as $points
| ($points | map(.x) | unique) as $xs
| ([$points[].max] | max) as $most
| ($most / 5 | nice) as $step
| ($most / $step | ceil * $step) as $limit
| (($xs | max | log2) - ($xs | min | log2) | if . == 0 then 1 else . end) as $span
| def at_x: left + ((. | log2) - ($xs | min | log2)) / $span * (width - left - right - 30) + 15;
  def at_y: height - bottom - . / $limit * (height - top - bottom);
  "<!-- SPDX-License-Identifier: GPL-2.0-only -->",
  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\"",
  "  font-family=\"sans-serif\" font-size=\"12\">",
  "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
  "<text x=\"\(left)\" y=\"24\" font-size=\"15\" font-weight=\"bold\">\($curve.title | escaped)</text>",
  (range(0; ($limit / $step | round) + 1) | . * $step
	| line(left; at_y; width - right; at_y; "#dddddd"), text(left - 8; at_y + 4; "end"; tenth)),
  ($xs[] | text(at_x; height - bottom + 18; "middle"; .)),
  text((width + left) / 2; height - 12; "middle"; $curve.x),
  text(left - 60; top - 12; "start"; $curve.y),
  ($curve.lines | to_entries[] | .key as $n | .value as $line | colors[$n % (colors | length)] as $color
	| ([$line.points[] | "\(.x | at_x | tenth),\(.median | at_y | tenth)"] | join(" ")) as $path
	| "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"\($color)\" points=\"\($path)\"/>",
	($line.points[] | . as $p | ($p.x | at_x) as $x
		| line($x; $p.min | at_y; $x; $p.max | at_y; $color),
		  "<circle cx=\"\($x | tenth)\" cy=\"\($p.median | at_y | tenth)\" r=\"3\" fill=\"\($color)\"/>"),
	"<rect x=\"\(left + $n * 210)\" y=\"36\" width=\"10\" height=\"10\" fill=\"\($color)\"/>",
	text(left + $n * 210 + 15; 45; "start"; $line.label)),
  "</svg>"
