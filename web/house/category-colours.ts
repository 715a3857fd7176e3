import type { CategoryView } from './house-view.ts';

/**
 * Colours of categories without one: told apart also by people who see few colours (Okabe and Ito's, and Tol's purple
 * and olive), none like that of held seats, and each with a contrast of 3 to a light and to a dark page.
 */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#aa4499', '#8a7a1f', '#4f8fd0'];

/** The colours of categories by their number; that of 0 is for seats without a category. */
export const categoryColours = (categories: readonly CategoryView[], free: string): string[] => [
  free,
  ...categories.map(({ color }, i) => color ?? (PALETTE[i % PALETTE.length] as string)),
];
