/** Numbers in [0, 1) that a seed determines. */
export type Random = () => number;

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const chance = (random: Random, share: number): boolean => random() < share;
export const pick = <Item>(random: Random, items: readonly Item[]): Item => items[below(random, items.length)] as Item;

/** The words of a text: a long list in few lines. */
export const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

/** Picks by weight. */
export function pickWeighted<Item>(random: Random, items: readonly (readonly [weight: number, item: Item])[]): Item {
  let at = random() * items.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, item] of items) {
    at -= weight;
    if (at < 0) return item;
  }
  return (items.at(-1) as (typeof items)[number])[1];
}

export const deep = (levels: number, open = '[', close = ']') => `${open.repeat(levels)}1${close.repeat(levels)}`;

/** Values as they stand in JSON, some of which are none: text, so that nothing on the way puts them right. */
const STRANGE_NUMBERS = wordsOf(`
  0 -0 -1 1.5 1e0 1e1 1e99 1e999 -1e999 5e-324 NaN Infinity -Infinity 0x1 01 +1 .5 1. 2147483647 2147483648
  -2147483649 9007199254740993 99999999999999999999999999
`);
const STRANGE_TEXTS = [
  ...[
    '""',
    '" "',
    '"1"',
    '"NaN"',
    '"null"',
    '"true"',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u202egnp"',
  ],
  ...[
    '"\u{1f3ab}"',
    '"\ufeff1"',
    '"é\u0301"',
    '"\u2028"',
    '"\\x"',
    '"\\u12"',
    '"\n"',
    '"\u0000"',
    '"\u007f"',
    '"\\n\\r"',
  ],
  ...[`"' OR 1=1 --"`, '"$1"', '"%s%n"', '"../../etc/passwd"', '"{s0}:house:1"', '"\\"', '"'],
  ...['"1-1-1"', '"0-1-1"', '"1-1-0"', '"999999-999999-999999"', '"1-1-1\\n"', '"1-1-1 2-2-2"', '"1-1-1e1"', '"٣-١-١"'],
];
const STRANGE_SHAPES = [
  ...[
    'null',
    'true',
    'false',
    'undefined',
    '[]',
    '{}',
    '[1]',
    '["1-1-1"]',
    '[[[[[1]]]]]',
    '[null]',
    '[1,1,1,1,1,1,1,1]',
    '{"length":1}',
  ],
  ...[
    '{"$gt":0}',
    '{"toString":1}',
    '{"toJSON":1}',
    '{"valueOf":null}',
    '["1-1-1","1-1-1"]',
    '["1-1-1","9-9-9","1-1-2"]',
    '[,]',
    '{,}',
  ],
];

/** A value that a field was not made for. */
function strangeValue(random: Random): string {
  const kind = random();
  if (kind < 0.35) return pick(random, STRANGE_NUMBERS);
  if (kind < 0.65) return pick(random, STRANGE_TEXTS);
  if (kind < 0.95) return pick(random, STRANGE_SHAPES);
  return chance(random, 0.5) ? `"${'x'.repeat(below(random, 3_000))}"` : deep(below(random, 200));
}

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

/** A field of a JSON object: its name, and its value as text. */
export type Field = readonly [name: string, value: string];

export const objectOf = (fields: readonly Field[]): string =>
  `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;

/** The fields with one or a few of them strange, left out, twice, or new. */
export function mutated(random: Random, fields: readonly Field[]): Field[] {
  const changed = [...fields];
  for (let times = 1 + below(random, 2); times > 0; times -= 1) {
    const at = below(random, changed.length);
    const name = changed[at]?.[0] ?? 'count';
    const kind = random();
    if (kind < 0.7) changed[at] = [name, strangeValue(random)];
    else if (kind < 0.8) changed.splice(at, 1);
    else if (kind < 0.9) changed.push([name, strangeValue(random)]);
    else
      changed.push([
        pick(random, ['seats', 'seatNumber', 'row', 'start', 'wait', 'status', 'id']),
        strangeValue(random),
      ]);
  }
  return changed;
}

/** Bytes that are no UTF-8, or that are another way to write something: overlong, cut off, surrogates, beyond Unicode, BOM, Latin-1. */
export const STRANGE_BYTES: readonly Buffer[] = [
  ...[
    [0xc0, 0x80],
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xff, 0xfe],
  ],
  ...[[0xef, 0xbb, 0xbf], [0xe2, 0x82], [0x80], [0xe9], [0xf0, 0x9f, 0x8e], [0x00]],
].map((bytes) => Buffer.from(bytes));

/** `bytes` with some put in at a random place. */
export function withBytes(random: Random, bytes: Buffer, some: Buffer): Buffer {
  const at = below(random, bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
}

/** A random beginning of `bytes`, never all of them. */
export const cutOff = (random: Random, bytes: Buffer): Buffer => bytes.subarray(0, below(random, bytes.length));
