import { isRefused } from '../refused.ts';

/** A field and its problem, as a refusal lists them: `zones.0.rows: at most 1000`. */
const FIELD = /^([\w.-]+): (.+)$/;

/** Why a request was not done: the fields with their problems, and the code. Nothing without a fault. */
export function Refusal({ fault }: { fault: unknown }) {
  if (fault === undefined) return null;
  const { message } = fault as Error;
  const problems = message.split('; ').map((problem) => FIELD.exec(problem) ?? [problem, undefined, problem]);
  return (
    <div class="notice" role="alert">
      <p>
        <strong>This was not done.</strong> {isRefused(fault) && <code>{fault.code}</code>}
      </p>
      <ul class="problems">
        {problems.map(([all, field, problem]) => (
          <li key={all}>
            {field !== undefined && <code>{field}</code>} {problem}
          </li>
        ))}
      </ul>
    </div>
  );
}
