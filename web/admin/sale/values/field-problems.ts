/** A problem of a request, and the path of its field: `zones.0.rows`. Without one, the path is empty. */
export type FieldProblem = { path: string; message: string };

/** Between two problems of a refusal: the next one begins with the path of its field. */
const BETWEEN = /; (?=(?:[\w.-]+|"[^"]*"): )/;
const PROBLEM = /^([\w.-]+|"[^"]*"): (.*)$/s;

/** The problems that a refusal names: `zones.0.rows: an area has no rows; endsAt: later than startsAt`. */
export function fieldProblems(detail: string): FieldProblem[] {
  return detail.split(BETWEEN).map((text) => {
    const [, path, message] = PROBLEM.exec(text) ?? [];
    if (path === undefined || message === undefined) return { path: '', message: text };
    return { path: path.startsWith('"') ? path.slice(1, -1) : path, message };
  });
}

/** A path and the paths of all that it is inside of, the nearest first: `zones.0.rows`, `zones.0`, `zones`. */
export const pathsAround = (path: string): string[] => {
  const parts = path.split('.');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('.'));
};
