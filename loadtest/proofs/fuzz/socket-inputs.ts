import { MAX_MESSAGE_BYTES, MAX_SUBSCRIPTIONS_PER_SOCKET } from '../../../shared/contract/limits.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { below, chance, pick, type Random } from '../../kit/random.ts';
import { BINARY, CLOSE, CONTINUATION, frameOf, PING, PONG, TEXT, UPGRADE } from '../../kit/wire-format.ts';
import { type Category, category, type Input, type World } from './category.ts';
import { cutOff, deep, type Field, mutated, objectOf, PROTOTYPE_FIELDS, STRANGE_BYTES, withBytes } from './values.ts';

/** A client's message, its fields as text. */
function messageOf(random: Random, { tickets, events }: World): Field[] {
  const ticketId = chance(random, 0.5) && tickets.length > 0 ? pick(random, tickets) : newTicketId(below(random, 3));
  return pick(random, [
    [['type', '"session"']],
    [
      ['type', '"subscribe"'],
      ['ticketId', JSON.stringify(ticketId)],
    ],
    [
      ['type', '"watch"'],
      ['eventId', String(pick(random, [...events, 99_999]))],
    ],
    [
      ['type', '"authenticate"'],
      ['token', pick(random, ['"x"', '"a.b.c"', '"eyJhbGciOiJub25lIn0.e30."', `"${'x'.repeat(8_000)}"`])],
    ],
  ]);
}

const text = (payload: string | Buffer) => frameOf({ opcode: TEXT, payload });
const message = (random: Random, world: World) => text(objectOf(messageOf(random, world)));
const repeated = (random: Random, make: () => Buffer) =>
  Buffer.concat(Array.from({ length: 1 + below(random, 6) }, make));

/** One message in several frames, sometimes with a ping between them. */
function fragments(random: Random, payload: Buffer): Buffer {
  const parts: Buffer[] = [];
  let rest = payload;
  for (let opcode = TEXT; ; opcode = CONTINUATION) {
    const size = below(random, rest.length + 1);
    const last = size === rest.length || parts.length > 20;
    parts.push(frameOf({ opcode, payload: last ? rest : rest.subarray(0, size), fin: last }));
    if (last) return Buffer.concat(parts);
    if (chance(random, 0.2)) parts.push(frameOf({ opcode: pick(random, [PING, PONG]), payload: 'x' }));
    rest = rest.subarray(size);
  }
}

/** Frames that the protocol (RFC 6455, section 5) forbids, or just allows. */
function strangeFrame(random: Random): Buffer {
  const payload = Buffer.from('{"type":"watch","eventId":1}');
  const huge = Buffer.from([0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  return pick(random, [
    frameOf({ opcode: TEXT, payload, masked: false }),
    frameOf({ opcode: TEXT, payload, reserved: 1 + below(random, 7) }),
    frameOf({ opcode: pick(random, [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload }),
    frameOf({ opcode: CONTINUATION, payload }),
    Buffer.concat([frameOf({ opcode: TEXT, payload, fin: false }), frameOf({ opcode: TEXT, payload })]),
    frameOf({ opcode: PING, payload: 'x'.repeat(126) }),
    frameOf({ opcode: PING, payload: 'x', fin: false }),
    frameOf({
      opcode: CLOSE,
      payload: pick(
        random,
        [[], [3], [3, 0xe7], [3, 0xed], [3, 0xe8, 0xff], [0xff, 0xff]].map((bytes) => Buffer.from(bytes)),
      ),
    }),
    Buffer.concat([frameOf({ opcode: CLOSE, payload: Buffer.from([3, 0xe8]) }), text(payload), text(payload)]),
    huge,
    text('x'.repeat(MAX_MESSAGE_BYTES + 1)),
    frameOf({ opcode: BINARY, payload: 'x'.repeat(MAX_MESSAGE_BYTES * 10) }),
  ]);
}

const TEXTS = ['', 'null', '1', '[]', '{}', '"x"', 'hello', '{"type":', '\u0000', '\ufeff{}', '[object Object]'].concat(
  ['{"type":"subscribe"}', '{"type":{"type":"watch"}}'],
);

const conversation = (frames: Buffer, staysOpen = true): Omit<Input, 'what'> => ({ bytes: UPGRADE, frames, staysOpen });

/** Inputs over WebSocket. */
export const SOCKET_CATEGORIES: readonly Category[] = [
  category(3, 'messages', (random, world) => conversation(repeated(random, () => message(random, world)))),
  category(3, 'messages with strange fields', (random, world) =>
    conversation(repeated(random, () => text(objectOf(mutated(random, messageOf(random, world)))))),
  ),
  category(1, 'messages with prototype keys', (random, world) =>
    conversation(repeated(random, () => text(objectOf([pick(random, PROTOTYPE_FIELDS), ...messageOf(random, world)])))),
  ),
  category(1, 'invalid messages', (random) => conversation(repeated(random, () => text(pick(random, TEXTS))))),
  category(0.5, 'deep messages', (random) => conversation(text(deep(below(random, MAX_MESSAGE_BYTES / 2))))),
  category(1, 'messages that are no text', (random, world) => {
    const payload = withBytes(random, Buffer.from(objectOf(messageOf(random, world))), pick(random, STRANGE_BYTES));
    return conversation(frameOf({ opcode: pick(random, [TEXT, BINARY]), payload }));
  }),
  category(1, 'fragments', (random, world) =>
    conversation(repeated(random, () => fragments(random, Buffer.from(objectOf(messageOf(random, world)))))),
  ),
  category(2, 'strange frames', (random, world) =>
    conversation(Buffer.concat([message(random, world), strangeFrame(random)]), false),
  ),
  category(0.05, 'a flood of pings', (random) =>
    conversation(
      Buffer.concat(
        Array.from({ length: 500 }, () => frameOf({ opcode: PING, payload: 'x'.repeat(below(random, 125)) })),
      ),
    ),
  ),
  category(0.005, 'thousands of subscriptions', (random, world) =>
    conversation(
      Buffer.concat(Array.from({ length: MAX_SUBSCRIPTIONS_PER_SOCKET + 100 }, () => message(random, world))),
    ),
  ),
  category(1, 'a socket cut off', (random, world) =>
    conversation(cutOff(random, Buffer.concat([message(random, world), strangeFrame(random)])), false),
  ),
];
