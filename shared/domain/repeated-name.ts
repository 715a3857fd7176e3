/**
 * The first name that occurs twice in one object of a valid JSON text, or undefined. `JSON.parse` keeps only the last
 * value, so the other one would be lost silently.
 */
export function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = []; // names of each enclosing object, outermost first
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if (mark === '{') open.push(new Set());
    else if (mark === '}') open.pop();
    else if (mark === '"') {
      const end = endOfString(text, at);
      if (isColonNext(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string; // escapes allow several spellings of a name
        const names = open.at(-1);
        if (names?.has(name)) return name;
        names?.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** The index after the closing quotation mark of the string that begins at `start`. */
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
