import { below, chance, pick, type Random } from '../../kit/random.ts';

/** The words of a text: a long list in few lines. */
export const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

/** The lines of a text, for words with spaces. */
export const linesOf = (text: string): string[] => text.trim().split(/\n */);

/** Picks by weight. */
export function pickWeighted<Item extends { weight: number }>(random: Random, items: readonly Item[]): Item {
  let point = random() * items.reduce((sum, { weight }) => sum + weight, 0);
  const picked = items.find(({ weight }) => {
    point -= weight;
    return point < 0;
  });
  return picked ?? (items.at(-1) as Item);
}

export const deep = (levels: number, open = '[', close = ']') => `${open.repeat(levels)}1${close.repeat(levels)}`;

/** Values as they stand in JSON, some of them invalid: text, so that no serializer corrects them. */
const STRANGE_NUMBERS = wordsOf(`
  0 -0 -1 1.5 1e0 1e1 1e99 1e999 -1e999 5e-324 NaN Infinity -Infinity 0x1 01 +1 .5 1. 2147483647 2147483648
  -2147483649 9007199254740993 99999999999999999999999999
`);
const STRANGE_TEXTS = [
  ...wordsOf(String.raw`
    "" "1" "NaN" "null" "true" "\u0000" "a\u0000b" "\ud800" "\udfff\ud800" "\u202egnp" "\x" "\u12" "\n\r" "$1" "%s%n"
    "../../etc/passwd" "{s0}:house:1" "\" " "1-1-1" "0-1-1" "1-1-0" "999999-999999-999999" "1-1-1\n" "1-1-1e1" "٣-١-١"
  `),
  ...linesOf(`
    " "
    "1-1-1 2-2-2"
    "' OR 1=1 --"
  `),
  ...['"\u{1f3ab}"', '"\ufeff1"', '"é\u0301"', '"\u2028"', '"\n"', '"\u0000"', '"\u007f"'],
];
const STRANGE_SHAPES = wordsOf(`
  null true false undefined [] {} [1] ["1-1-1"] [[[[[1]]]]] [null] [1,1,1,1,1,1,1,1] {"length":1} {"$gt":0}
  {"toString":1} {"toJSON":1} {"valueOf":null} ["1-1-1","1-1-1"] ["1-1-1","9-9-9","1-1-2"] [,] {,}
`);

/** A value that no field accepts. */
function strangeValue(random: Random): string {
  const kind = random();
  if (kind < 0.35) return pick(random, STRANGE_NUMBERS);
  if (kind < 0.65) return pick(random, STRANGE_TEXTS);
  if (kind < 0.95) return pick(random, STRANGE_SHAPES);
  return chance(random, 0.5) ? `"${'x'.repeat(below(random, 3_000))}"` : deep(below(random, 200));
}

/** A field of a JSON object: its name, and its value as text. */
export type Field = readonly [name: string, value: string];

export const PROTOTYPE_FIELDS: readonly Field[] = [
  ['__proto__', '{"count":1,"zone":1,"admin":true}'],
  ['__proto__', 'null'],
  ['constructor', '{"prototype":{"count":1}}'],
  ['prototype', '{"count":1}'],
  ['hasOwnProperty', '1'],
  ['toString', '"x"'],
  ['toJSON', '{}'],
  ['then', '{"then":1}'],
  ['', '1'],
  ['__defineGetter__', '"x"'],
];

export const objectOf = (fields: readonly Field[]): string =>
  `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;

const OTHER_FIELDS = ['seats', 'seatNumber', 'row', 'start', 'wait', 'status', 'id'];

/** The fields, with one or two of them strange, missing, repeated, or new. */
export function mutated(random: Random, fields: readonly Field[]): Field[] {
  const changed = [...fields];
  for (let times = 1 + below(random, 2); times > 0; times -= 1) {
    const index = below(random, changed.length);
    const name = changed[index]?.[0] ?? 'count';
    const kind = random();
    if (kind < 0.7) changed[index] = [name, strangeValue(random)];
    else if (kind < 0.8) changed.splice(index, 1);
    else if (kind < 0.9) changed.push([name, strangeValue(random)]);
    else changed.push([pick(random, OTHER_FIELDS), strangeValue(random)]);
  }
  return changed;
}

/** Bytes that are no UTF-8, or another way to write a character: overlong, cut off, surrogates, beyond Unicode, BOM. */
export const STRANGE_BYTES: readonly Buffer[] = wordsOf(
  'c080 c0af e080af eda080 f4908080 fffe efbbbf e282 80 e9 f09f8e 00',
).map((hex) => Buffer.from(hex, 'hex'));

/** `bytes` with others inserted at a random place. */
export function withBytes(random: Random, bytes: Buffer, inserted: Buffer): Buffer {
  const index = below(random, bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, index), inserted, bytes.subarray(index)]);
}

/** A random beginning of `bytes`, never all of them. */
export const cutOff = (random: Random, bytes: Buffer): Buffer => bytes.subarray(0, below(random, bytes.length));
