import { type Additions, addTo } from './additions.ts';
import { checkPlan } from './check-plan.ts';
import { isArea, type Plan, seatsOf } from './plan.ts';
import { checkPrices, type Prices } from './prices.ts';
import { createProblems } from './problems.ts';
import { readCsv } from './read-csv.ts';
import { readPretix } from './read-pretix.ts';

/** A color as the map of a house draws it. Others are left out. */
const COLOR = /^#[0-9a-f]{6}$/i;

/**
 * Reads a seating plan: pretix' JSON where the text begins with a brace, else CSV.
 *
 * @throws PlanError that lists everything that is wrong
 */
export function readPlan(text: string, additions: Additions, prices: Prices): Plan {
  const problems = createProblems();
  const plan = /^\uFEFF?\s*[{[]/.test(text) ? readPretix(text, problems) : readCsv(text, problems);
  if (plan !== undefined) {
    addTo(plan, additions, problems);
    leaveUnused(plan);
    checkPlan(plan, problems);
    checkPrices(plan, prices, problems);
  }
  problems.throwIfAny();
  if (plan === undefined) throw new Error('a plan that cannot be read has a problem');
  return plan;
}

/** Leaves out categories that nothing has, and colors that cannot be drawn. */
function leaveUnused(plan: Plan): void {
  const used = new Set([...seatsOf(plan), ...plan.zones.filter(isArea)].map(({ category }) => category));
  const unused = plan.categories.filter(({ name }) => !used.has(name)).map(({ name }) => `category "${name}"`);
  const drawable = (color: string | undefined) => color !== undefined && COLOR.test(color);
  const undrawn = plan.categories.filter(
    ({ name, color }) => used.has(name) && color !== undefined && !drawable(color),
  );
  plan.leftOut.push(...unused, ...undrawn.map(({ name, color }) => `color "${color}" of category "${name}"`));
  plan.categories = plan.categories
    .filter(({ name }) => used.has(name))
    .map(({ name, color }) => ({ name, color: drawable(color) ? color : undefined }));
}
