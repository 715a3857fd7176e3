import type { Client } from '../../../shared/platform/postgres.ts';

/** A node of a plan, as `auto_explain` writes it. */
type PlanNode = {
  'Node Type': string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
};

/** Settings of sessions that write each plan, with the rows that it read, into the server's log. */
const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
};

/** Lets the later sessions of a database write their plans. */
export async function writePlans(sql: Client): Promise<void> {
  for (const [name, value] of Object.entries(SETTINGS))
    await sql.query(`ALTER DATABASE ${sql.database} SET ${name} = '${value}'`);
}

/** The nodes that read a table or an index, and those that sort or merge: what a plan costs. */
function stepsOf(node: PlanNode): string[] {
  const { 'Node Type': type, 'Index Name': index, Plans: plans = [] } = node;
  const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  const below = plans.flatMap(stepsOf);
  if (node['Actual Loops'] === 0) return [];
  if (/Scan/.test(type) && index !== undefined) return [...below, `${index} ${rows}`];
  if (/Sort|Merge Append|Bitmap(Or|And)|Seq Scan/.test(type)) return [...below, `${type} ${rows}`];
  return below;
}

/** The plans in a server's log, each as steps with the rows that they read: `booking_by_user 100`. */
export const plansIn = (log: string): string[] =>
  [...log.matchAll(/plan:\n((?:\t.*\n)+)/g)].flatMap(([, json = '']) => {
    const { Plan: plan } = JSON.parse(json) as { Plan: PlanNode };
    const steps = stepsOf(plan);
    return steps.length > 0 ? [steps.join(', ')] : [];
  });
