/** Milliseconds in which a kind of fault has one line, and a second one at their end that counts the others. */
const WINDOW_MS = 1_000;

/** Kinds that are distinguished at a time. Past that, kinds with the same message share a line. */
const MAX_KINDS = 500;

/** Characters of a fault's message that distinguish kinds. */
const MAX_WORDS = 80;

/** Fields that distinguish kinds, besides message and fault: each takes few values. */
const KIND_FIELDS = ['type', 'code', 'method', 'route', 'role', 'queue', 'loop', 'server', 'setting', 'reason'];

type Fields = Record<string, unknown>;

/** A line of the log, and the function that writes it with further fields. */
type LogLine = { level: number; message: unknown; fields: Fields; write: (fields: Fields) => void };

/** The message of a fault without its varying parts: numbers, ids and quoted text. */
const shapeOf = (words: string): string =>
  words
    .slice(0, 4 * MAX_WORDS)
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, '"')
    .replaceAll(/[\w-]*\d[\w-]*/g, '#')
    .slice(0, MAX_WORDS);

function faultOf({ err, fault = err }: Fields): string {
  if (typeof fault === 'string') return shapeOf(fault);
  const { name, code, message } = (fault ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  return `${name} ${code} ${shapeOf(String(message))}`;
}

const kindOf = ({ level, message, fields }: LogLine): string =>
  [level, message, ...KIND_FIELDS.map((name) => fields[name]), faultOf(fields)].join('\n');

/**
 * Writes the first line of each kind of fault at once, and a second later one for those that came meanwhile: the last
 * of them, with `repeats`, how many they were. In an outage every request fails alike, and the disk must not fill with
 * it.
 *
 * @returns `note`, and `flush`, which writes the lines that are still counted
 */
export function createRepeats() {
  /** Kinds that were written in the last second, with their repeats since. */
  const kinds = new Map<string, { last: LogLine | undefined; repeats: number; timer: NodeJS.Timeout }>();

  /** Ends the window of a kind. @returns whether it had repeats, which are written now */
  function end(kind: string): boolean {
    const seen = kinds.get(kind);
    kinds.delete(kind);
    clearTimeout(seen?.timer);
    if (seen?.last === undefined) return false;
    seen.last.write({ ...seen.last.fields, repeats: seen.repeats });
    return true;
  }

  function begin(kind: string): void {
    const timer = setTimeout(() => {
      if (end(kind)) begin(kind);
    }, WINDOW_MS);
    timer.unref();
    kinds.set(kind, { last: undefined, repeats: 0, timer });
  }

  return {
    note(line: LogLine): void {
      const exact = kindOf(line);
      const kind = kinds.size < MAX_KINDS || kinds.has(exact) ? exact : `${line.level}\n${line.message}`;
      const seen = kinds.get(kind);
      if (seen === undefined) {
        line.write(line.fields);
        begin(kind);
        return;
      }
      seen.last = line;
      seen.repeats += 1;
    },

    flush(): void {
      for (const kind of [...kinds.keys()]) end(kind);
    },
  };
}
