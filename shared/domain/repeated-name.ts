/**
 * The first name that stands twice in one object of a valid JSON text; undefined where none does. `JSON.parse` keeps
 * the last value alone, so the other one would be lost without a word.
 */
export function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = []; // the names of each object that the scan is in, from the outside
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if (mark === '{') open.push(new Set());
    else if (mark === '}') open.pop();
    else if (mark === '"') {
      const end = endOfString(text, at);
      if (isColonNext(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string; // one name may be written in several ways
        const names = open.at(-1);
        if (names?.has(name)) return name;
        names?.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Where a string ends that begins at `start`: behind its last quotation mark. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"' && at < text.length) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isColonNext(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  return text[at] === ':';
}
