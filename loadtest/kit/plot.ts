/*
 * Plots of lines and of bars, as SVG.
 */

/** Lines over common steps, which stand at equal distances. */
export type Plot = {
  title: string;
  /** The meaning of the steps. */
  across: string;
  steps: string[];
  unit: string;
  lines: { name: string; values: number[] }[];
};

const WIDTH = 720;
const HEIGHT = 330;
const LEFT = 70;
const RIGHT = 40;
const TOP = 56;
const BOTTOM = 86;
/** Colours that people with colour blindness can tell apart (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];
/** Lines of the grid beside the one at zero. */
const GRID = 4;

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export const svgText = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`;

export const svgRect = (x: number, y: number, width: number, height: number, colour: string): string =>
  `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${height}" fill="${colour}"/>`;

/** The next number that reads well: 1, 2, 2.5 or 5 and zeros. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

function drawPlot({ title, across, steps, unit, lines }: Plot, top: number): string {
  const max = Math.max(...lines.flatMap(({ values }) => values));
  const step = roundUp((max > 0 ? max : 1) / GRID);
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const x = (i: number) => LEFT + (steps.length === 1 ? width / 2 : (i * width) / (steps.length - 1));
  const y = (value: number) => TOP + height - (value * height) / (GRID * step);
  const grid = Array.from({ length: GRID + 1 }, (_, i) => i * step).map((value) => {
    const at = y(value).toFixed(1);
    const line = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ddd"/>`;
    return line + svgText(LEFT - 8, y(value) + 4, value.toLocaleString('en'), 'text-anchor="end"');
  });
  const marks = steps.map((word, i) => svgText(x(i), TOP + height + 18, word, 'text-anchor="middle"'));
  const drawn = lines.map(({ values }, line) => {
    const colour = COLOURS[line % COLOURS.length];
    const points = values.map((value, i) => [x(i).toFixed(1), y(value).toFixed(1)] as const);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join('');
    const path = points.map((point) => point.join(',')).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
  });
  const legend = lines.map(({ name }, line) => {
    const left = LEFT + (line * width) / lines.length;
    const square = svgRect(left, HEIGHT - 30, 10, 10, COLOURS[line % COLOURS.length] ?? '');
    return square + svgText(left + 15, HEIGHT - 21, name);
  });
  return `<g transform="translate(0 ${top})">
${svgText(LEFT, 22, title, 'font-size="16" font-weight="bold"')}
${svgText(LEFT, 42, unit)}
${[...grid, ...marks, ...drawn, ...legend].join('\n')}
${svgText(LEFT + width / 2, TOP + height + 38, across, 'text-anchor="middle"')}
</g>`;
}

/** Plots, one below the other, as one SVG. Each begins at zero, so that only growth looks like growth. */
export function renderPlots(plots: readonly Plot[]): string {
  const height = HEIGHT * plots.length;
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12" fill="#222">
<title>${escaped(plots.map(({ title }) => title).join('; '))}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${plots.map((plot, i) => drawPlot(plot, i * HEIGHT)).join('\n')}
</svg>
`;
}
