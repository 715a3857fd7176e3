import { afterEach, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BookRequest } from '../../shared/contract/jobs.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { defineScript, scriptText } from '../../shared/stores/redis/scripts.ts';
import { decide, free, type ModelDecision } from '../support/house-model.ts';
import { modelOf, type RandomHouse, randomHouse, wishIn, writeHouse } from '../support/random-houses.ts';
import { rowCount } from '../support/row-count.ts';
import { useSystem } from '../support/system.ts';

const { rows: ROWS, mostRows, options, progress } = rowCount();

/** Rows of a random house: fewer than it has on average. */
const ROWS_OF_HOUSE = mostRows;

/** Milliseconds for each row, on a busy machine. */
const ROW_MS = 30;

/** Houses in which a planted bug must be found. */
const MOST_HOUSES = 400;

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 1 });
let eventId: number;

beforeAll(async () => {
  const { events } = system();
  eventId = await events.nextId();
  const zones = [{ rows: 1, seatsPerRow: 1, price: 0 }];
  await events.create(eventId, { name: 'Houses', currency: 'EUR', zones });
});

afterEach(() => defineScript(system().redis, 'claimSeats'));

type Claimed = ModelDecision & { ticketId: string; generation?: number };

async function claim(wishes: readonly SeatWish[]): Promise<Claimed[]> {
  const requests = wishes.map((wish): BookRequest => ({ ticketId: newTicketId(0), eventId, wish, hold: false }));
  const decisions = await system().seats.claim(0, requests);
  return decisions.map((decision, i): Claimed => {
    const ticketId = requests[i]?.ticketId ?? '';
    if (decision.kind === 'got') return { ticketId, generation: decision.generation, seats: decision.seats };
    if (decision.kind !== 'refused') return { ticketId, code: decision.kind };
    const parts = [...decision.outcome.text.matchAll(/ s:(\d+):(\d+):(\d+):(\d+)/g)].map((part) =>
      part.slice(1).map(Number),
    );
    const split = parts.map(([zone = 0, row = 0, startIndex = 0, seatsCount = 0]) => ({
      zone,
      row,
      startIndex,
      seatsCount,
    }));
    return { ticketId, code: decision.outcome.code ?? '', ...(split.length > 0 && { split }) };
  });
}

const decisionOf = ({ ticketId: _ticket, generation: _generation, ...decision }: Claimed): ModelDecision => decision;

/** Batches of requests; after each, some of the seats that it got are freed again. */
const sceneOf = (rowsOfZone: number) =>
  randomHouse(rowsOfZone).chain((house) =>
    fc.record({
      house: fc.constant(house),
      batches: fc.array(
        fc.record({ wishes: fc.array(wishIn(house), { minLength: 1, maxLength: 10 }), freed: fc.nat({ max: 9 }) }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );

async function play(house: RandomHouse, batches: readonly { wishes: SeatWish[]; freed: number }[]): Promise<number> {
  const { seats, prisma } = system();
  await writeHouse(prisma, eventId, house);
  await seats.open(eventId);
  const model = modelOf(house);
  for (const { wishes, freed } of batches) {
    const claimed = await claim(wishes);
    expect(claimed.map(decisionOf)).toEqual(wishes.map((wish) => decide(model, wish)));
    const given = claimed[freed];
    if (given === undefined || !('seats' in given)) continue;
    const { ticketId, generation = 0 } = given;
    await seats.releaseClaim({ ticketId, eventId, generation, seats: given.seats });
    free(model, given.seats);
  }
  expect(await seats.wrongCounts((await system().events.readHouse(eventId)) as never)).toEqual([]);
  return model.rows.length + model.areas.length;
}

test(
  'random houses are sold as the model sells them',
  async () => {
    let rows = 0;
    const property = fc.asyncProperty(sceneOf(mostRows), async ({ house, batches }) => {
      rows += await play(house, batches);
      progress(rows);
    });
    await fc.assert(property, { numRuns: Math.ceil(ROWS / ROWS_OF_HOUSE), ...options });
    expect(rows).toBeGreaterThanOrEqual(ROWS);
  },
  300_000 + ROWS * ROW_MS,
);

test.each([
  ['a gap that is sold', 'local shape = cjson.decode(text)', 'local shape = cjson.decode(text)\n    shape.gaps = {}'],
  [
    'a category that leaks',
    'if isForOthers or (tier and tierOfSeat(shape, zone, seat) ~= tier) then',
    'if isForOthers then',
  ],
  [
    'an area that is oversold by one',
    "capacity = more ~= '' and tonumber(string.match(more, '^ area (%d+)$')) or nil,",
    "capacity = string.match(more, '^ area (%d+)$') and string.match(more, '^ area (%d+)$') + 1 or nil,",
  ],
  ['a companion alone', "if companionOf and not isNamed[seat.row.key .. ' ' .. companionOf] then", 'if false then'],
  ['an accessible seat that is not kept', 'local isForOthers = isKept and', 'local isForOthers = false and'],
  ['a group that is split too early', 'if parts and request.split then', 'if parts then'],
  [
    'the last wish before the first',
    'for _, wish in ipairs(request.wishes) do\n    readWish(wish)',
    'for i = #request.wishes, 1, -1 do\n    readWish(request.wishes[i])',
  ],
])('the model finds %s', async (_what, right, wrong) => {
  const text = scriptText('claimSeats');
  expect(text).toContain(right);
  defineScript(
    system().redis,
    'claimSeats',
    text.replace(right, () => wrong),
  );
  const found = await fc.check(
    fc.asyncProperty(sceneOf(6), async ({ house, batches }) => void (await play(house, batches))),
    { numRuns: MOST_HOUSES, endOnFailure: true },
  );
  expect(found.failed).toBe(true);
  expect(String(found.errorInstance)).not.toContain('ReplyError');
});
