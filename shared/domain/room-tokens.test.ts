import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_CHALLENGE_LENGTH } from '../contract/limits.ts';
import { createRoomTokens } from './room-tokens.ts';

const tokens = createRoomTokens(randomBytes(32));
const number = fc.integer({ min: 1, max: 2 ** 40 });
const userId = fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { nil: undefined });
const visitor = fc.record({ eventId: number, generation: number, arrival: fc.nat(2 ** 31 - 1), userId });
const admission = fc.record({
  ...{ eventId: number, generation: number, position: number, userId, untilMs: number },
  uses: fc.integer({ min: 1, max: 15 }),
});

const challenge = fc.record({
  ...{ eventId: number, generation: number, untilMs: number },
  bits: fc.integer({ min: 8, max: 24 }),
  number: fc.nat(2 ** 48 - 1),
});

test('a token contains the signed values, and no other secret verifies it', () => {
  const others = createRoomTokens(randomBytes(32));
  fc.assert(
    fc.property(visitor, admission, challenge, (someone, permission, work) => {
      const cost = tokens.signChallenge(work);
      expect(tokens.readChallenge(cost)).toEqual(work);
      expect(cost.length).toBeLessThanOrEqual(MAX_CHALLENGE_LENGTH);
      expect([others.readChallenge(cost), tokens.readVisitor(cost), tokens.readAdmission(cost)]).toEqual([
        ...[undefined, undefined, undefined],
      ]);
      const [place, pass] = [tokens.signVisitor(someone), tokens.signAdmission(permission)];
      expect(tokens.readVisitor(place)).toEqual(someone);
      expect(tokens.readAdmission(pass)).toEqual(permission);
      expect(others.readVisitor(place)).toBeUndefined();
      expect(others.readAdmission(pass)).toBeUndefined();
      expect(tokens.readAdmission(place)).toBeUndefined();
      expect(tokens.readVisitor(pass)).toBeUndefined();
      expect(tokens.readChallenge(pass)).toBeUndefined();
    }),
  );
});

test('a token with one changed character is refused', () => {
  fc.assert(
    fc.property(admission, fc.nat(), fc.constantFrom(...'0123456789.aA-_'), (permission, at, other) => {
      const pass = tokens.signAdmission(permission);
      const place = at % pass.length;
      fc.pre(pass[place] !== other);
      expect(tokens.readAdmission(pass.slice(0, place) + other + pass.slice(place + 1))).toBeUndefined();
    }),
  );
});

test('other texts are refused', () => {
  for (const text of ['', '.', 'v.', 'a.1', 'a.1.1.1.0.1.1.', 'v'.repeat(100_000)]) {
    expect(tokens.readVisitor(text)).toBeUndefined();
    expect(tokens.readAdmission(text)).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => expect(tokens.readAdmission(text)).toBeUndefined()));
});
