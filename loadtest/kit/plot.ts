/** Lines over common steps. */
export type Plot = {
  title: string;
  /** What the steps are, and their words, in order. They stand at equal distances. */
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
/** Told apart by eyes that see colours otherwise, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];
/** Lines of the grid, beside the one at zero. */
const GRID = 4;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The next number from above that reads well: 1, 2, 2.5 or 5 and zeros. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

function drawPlot({ title, across, steps, unit, lines }: Plot, top: number): string {
  const most = Math.max(...lines.flatMap(({ values }) => values));
  const step = roundUp((most > 0 ? most : 1) / GRID);
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const x = (i: number) => LEFT + (steps.length === 1 ? width / 2 : (i * width) / (steps.length - 1));
  const y = (value: number) => TOP + height - (value * height) / (GRID * step);
  const text = (at: [number, number], words: string, more = '') =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${escaped(words)}</text>`;
  const grid = Array.from({ length: GRID + 1 }, (_, i) => i * step).map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/>` +
      text([LEFT - 8, y(value) + 4], value.toLocaleString('en'), 'text-anchor="end"'),
  );
  const marks = steps.map((word, i) => text([x(i), TOP + height + 18], word, 'text-anchor="middle"'));
  const drawn = lines.map(({ values }, line) => {
    const colour = COLOURS[line % COLOURS.length];
    const points = values.map((value, i) => [x(i).toFixed(1), y(value).toFixed(1)] as const);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join('');
    return `<polyline points="${points.map((point) => point.join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
  });
  const legend = lines.map(({ name }, line) => {
    const at = LEFT + (line * width) / lines.length;
    const colour = COLOURS[line % COLOURS.length];
    return `<rect x="${at.toFixed(1)}" y="${HEIGHT - 30}" width="10" height="10" fill="${colour}"/>${text([at + 15, HEIGHT - 21], name)}`;
  });
  return `<g transform="translate(0 ${top})">
${text([LEFT, 22], title, 'font-size="16" font-weight="bold"')}
${text([LEFT, 42], unit)}
${[...grid, ...marks, ...drawn, ...legend].join('\n')}
${text([LEFT + width / 2, TOP + height + 38], across, 'text-anchor="middle"')}
</g>`;
}

/** Plots, one under the other, as one SVG. Each begins at zero, so that what looks like growth is growth. */
export function renderPlots(plots: readonly Plot[]): string {
  const height = HEIGHT * plots.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#222">
<title>${escaped(plots.map(({ title }) => title).join('; '))}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${plots.map((plot, i) => drawPlot(plot, i * HEIGHT)).join('\n')}
</svg>
`;
}
