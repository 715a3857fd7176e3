import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import { isSolved } from '../../shared/domain/join-challenge.ts';
import { createRoomTokens } from '../../shared/domain/room-tokens.ts';
import { send } from '../support/client.ts';
import { cleanUp, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, newEvent, setRoom, solved } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20 });

afterAll(cleanUp);

const roomOn = (settings: Record<string, unknown> = {}) => eventWithRoom(system().url, settings);

describe('a challenge at joining', () => {
  const joinWith = (event: number, body: Record<string, unknown>, headers = {}, url = system().url) =>
    send(url, 'POST', `/api/events/${event}/waiting-room`, body, headers);
  const refused = (code: string) => ({ status: 403, body: { code, challenge: { kind: 'work', bits: 8 } } });
  const workRoom = () => roomOn({ challenge: 'work', challengeBits: 8, paused: true });

  /** A solved challenge of an event's line that expires this many milliseconds from now. */
  async function challengeOf(event: number, { endsInMs = 60_000, of = event } = {}) {
    const room = await system().rooms.find(of);
    if (room === undefined) throw new Error('no room');
    const [number, untilMs] = [Math.floor(Math.random() * 2 ** 48), Date.now() + endsInMs];
    const line = { eventId: event, generation: room.generation };
    const challenge = createRoomTokens(room.secret).signChallenge({ ...line, bits: 8, untilMs, number });
    for (let i = 0; ; i += 1) if (isSolved(challenge, String(i), 8)) return { challenge, solution: String(i) };
  }

  test('is optional where the room does not require it', async () => {
    const event = await roomOn({ paused: true });
    const path = `/api/events/${event}/waiting-room/challenge`;
    expect(await send(system().url, 'GET', path)).toMatchObject({ status: 200, body: { kind: 'off' } });
    expect(await joinWith(event, {})).toMatchObject({ status: 201 });
    expect(await send(system().url, 'GET', '/api/events/999/waiting-room/challenge')).toMatchObject({ status: 404 });
  });

  test('gives a place for a solution, and requires none of a visitor who has a place', async () => {
    const event = await workRoom();
    const required = await joinWith(event, {});
    expect(required).toMatchObject(refused('CHALLENGE_REQUIRED'));
    const { challenge } = required.body.challenge as { challenge: string };
    let solution = 0;
    while (!isSolved(challenge, String(solution), 8)) solution += 1;
    const joined = await joinWith(event, { challenge, solution: String(solution) });
    expect(joined).toMatchObject({ status: 201, body: { position: 1 } });
    const mine = { 'x-visitor-token': String(joined.body.visitorToken) };
    expect(await joinWith(event, {}, mine)).toMatchObject({ status: 200, body: { position: 1 } });
    expect(await joinWith(event, await solved(system().url, event))).toMatchObject({ body: { position: 2 } });
    expect(await joinWith(event, {}, { 'x-visitor-token': 'v.1.1.1.0.x' })).toMatchObject({ status: 403 });
  });

  test('is refused unsolved, expired, of another line, unsigned or too long', async () => {
    const event = await workRoom();
    const elsewhere = await workRoom();
    const good = await challengeOf(event);
    let wrong = 0;
    while (isSolved(good.challenge, String(wrong), 8)) wrong += 1;
    const forged = await challengeOf(event, { of: elsewhere });
    for (const shown of [
      { ...good, solution: String(wrong) },
      await challengeOf(event, { endsInMs: -1_000 }),
      await challengeOf(elsewhere),
      forged,
      { challenge: good.challenge.replace('.8.', '.1.'), solution: good.solution },
      { challenge: 'x', solution: 'x' },
    ])
      expect(await joinWith(event, shown)).toMatchObject(refused('CHALLENGE_INVALID'));
    expect(await joinWith(event, { ...good, solution: 'x'.repeat(33) })).toMatchObject({ status: 400 });
    expect(await joinWith(event, { challenge: 'x'.repeat(161), solution: 'x' })).toMatchObject({ status: 400 });
    expect(await joinWith(event, good)).toMatchObject({ status: 201, body: { position: 1 } });
  });

  test('is valid once, at all API processes and at the same time, and delays no other visitor', async () => {
    const event = await workRoom();
    const other = await system().anotherApi();
    try {
      const [mine, theirs] = [await challengeOf(event), await challengeOf(event)];
      const all = await Promise.all(
        Array.from({ length: 8 }, (_, i) => joinWith(event, mine, {}, i % 2 === 0 ? system().url : other.url)),
      );
      expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
      for (const answer of all.filter(({ status }) => status !== 201))
        expect(answer).toMatchObject(refused('CHALLENGE_INVALID'));
      const [second, good] = await Promise.all([joinWith(event, mine), joinWith(event, theirs)]);
      expect(second).toMatchObject(refused('CHALLENGE_INVALID'));
      expect(good).toMatchObject({ status: 201, body: { position: 2 } });
      const keys = await system().redis.keys(`{s0}:room-spent:${event}:*`);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(await system().redis.ttl(key)).toBeGreaterThan(0);
    } finally {
      await other.close();
    }
  });

  test('may be a check of an outside service: a visitor joins only if the service agrees', async () => {
    const refusedHere = await send(system().url, 'PUT', '/api/events/1/waiting-room', { challenge: 'outside' });
    expect(refusedHere).toMatchObject({ status: 400, body: { detail: expect.stringContaining('CHALLENGE_URL') } });
    const checks: Record<string, string>[] = [];
    const answers: Record<string, string> = {
      good: '{"success":true,"hostname":"example.com"}',
      other: '{"success":true}',
      bad: '{"success":false}',
      strange: '"yes"',
      long: `{"success":true,"x":"${'x'.repeat(20_000)}"}`,
    };
    const service = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      const form = Object.fromEntries(new URLSearchParams(body));
      checks.push(form);
      if (form.response === 'broken') return void req.socket.destroy();
      res.end(answers[form.response ?? '']);
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    const CHALLENGE_URL = `http://127.0.0.1:${(service.address() as AddressInfo).port}/siteverify`;
    const outside = { CHALLENGE_URL, CHALLENGE_SECRET: 'the secret', CHALLENGE_SITE_KEY: 'the key' };
    const api = await system().anotherApi(outside);
    try {
      const event = await newEvent(api.url);
      await setRoom(api.url, { mode: 'on', paused: true, challenge: 'outside' }, event);
      const required = await joinWith(event, {}, {}, api.url);
      expect(required).toMatchObject({ status: 403, body: { code: 'CHALLENGE_REQUIRED' } });
      expect(required.body.challenge).toEqual({ kind: 'outside', siteKey: 'the key' });
      expect(checks).toEqual([]);
      expect(await joinWith(event, { proof: 'good' }, {}, api.url)).toMatchObject({ status: 201 });
      expect(checks).toEqual([{ secret: 'the secret', response: 'good', remoteip: '127.0.0.1' }]);
      const invalid = { status: 403, body: { code: 'CHALLENGE_INVALID' } };
      expect(await joinWith(event, { proof: 'bad' }, {}, api.url)).toMatchObject(invalid);
      expect(await joinWith(event, { proof: 'good' }, {}, api.url)).toMatchObject(invalid); // it was used before
      for (const proof of ['broken', 'strange', 'long'])
        expect(await joinWith(event, { proof }, {}, api.url)).toMatchObject({
          status: 503,
          body: { code: 'UNAVAILABLE' },
        });
      expect(await joinWith(event, { proof: 'other' }, {}, api.url)).toMatchObject({ status: 201 });
      // An API without such a service refuses every join too.
      await until(async () => (await joinWith(event, { proof: 'other' })).status === 503, 15_000);
    } finally {
      await api.close();
      service.close();
    }
  });

  test('is shown in the room’s settings', async () => {
    const event = await newEvent(system().url);
    expect(await setRoom(system().url, {}, event)).toMatchObject({ challenge: 'off', challengeBits: 'auto' });
    const set = { challenge: 'work', challengeBits: 20 };
    expect(await setRoom(system().url, { mode: 'on', ...set }, event)).toMatchObject(set);
    const path = `/api/events/${event}/waiting-room`;
    expect(await send(system().url, 'GET', `${path}/challenge`)).toMatchObject({ body: { kind: 'work', bits: 20 } });
    expect(await setRoom(system().url, { challengeBits: 'auto' }, event)).toMatchObject({ challengeBits: 'auto' });
    expect(await send(system().url, 'GET', `${path}/challenge`)).toMatchObject({ body: { kind: 'work', bits: 15 } });
    for (const challengeBits of [7, 25, 8.5, 'hard'])
      expect(await send(system().url, 'PUT', path, { challengeBits })).toMatchObject({ status: 400 });
  });
});
