import { contrastOf, partsOf } from '../../shared/contract/contrast.ts';
import type { Look } from '../../shared/contract/look.ts';

type Colors = NonNullable<Look['colors']>;

/** The least contrast of small text, and of what is seen without being read: WCAG 2.2, 1.4.3 and 1.4.11. */
const TEXT_CONTRAST = 4.5;
const SHAPE_CONTRAST = 3;

/** How much of the background is in secondary text, at most, and in lines. */
const SOFT_SHARE = 0.35;
const LINE_SHARE = 0.82;
const SHARE_STEP = 0.05;

/** Two colours, mixed: all of the first where `share` is 0. */
function mixed(first: string, second: string, share: number): string {
  const other = partsOf(second);
  const parts = partsOf(first).map((part, i) => Math.round(part + share * ((other[i] ?? 0) - part)));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Secondary text: as soft as it may be and can still be read. */
function softText(ink: string, paper: string): string {
  for (let share = SOFT_SHARE; share > 0; share -= SHARE_STEP) {
    const soft = mixed(ink, paper, share);
    if (contrastOf(soft, paper) >= TEXT_CONTRAST) return soft;
  }
  return ink;
}

/** The variables of web/style.css. `--mark`: of shapes on the paper, such as the bar and the focus. */
function variables(paper: string, ink: string, accent: string, onAccent: string): string {
  const values = {
    'color-scheme': contrastOf(paper, '#ffffff') > contrastOf(paper, '#000000') ? 'dark' : 'light',
    '--paper': paper,
    '--ink': ink,
    '--soft': softText(ink, paper),
    '--line': mixed(ink, paper, LINE_SHARE),
    '--accent': accent,
    '--on-accent': onAccent,
    '--mark': contrastOf(accent, paper) >= SHAPE_CONTRAST ? accent : ink,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

/**
 * The style of a page in the colours of its site, by day and by night: it stands before web/style.css and is more
 * specific. At the visitor's turn the page is in the accent's colours, to be seen from across the room,
 * and the logo stays on its background.
 */
export function styleOf({ background, text, accent, accentText }: Colors): string {
  const always = `:root:root:root{${variables(background, text, accent, accentText)}}`;
  const turn = `${variables(accent, accentText, accentText, accent)};--logo-paper:${background}`;
  const atTurn = `:root:root:root:has(.your_turn){${turn}}`;
  return always + atTurn;
}
