import { expect, test } from '@jest/globals';
import { createWindows } from './rate-limits.ts';

test('a window begins with the first request and ends by itself', async () => {
  const windows = createWindows(40);
  windows.increment('a');
  expect(windows.increment('a')).toMatchObject({ totalHits: 2 });
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(windows.increment('a')).toMatchObject({ totalHits: 1 });
});

test('it remembers so many clients and no more, and forgets the one whose window ends first', () => {
  const windows = createWindows(60_000, 3);
  for (const client of ['a', 'b', 'c', 'b', 'd']) windows.increment(client);
  expect(windows.increment('b')).toMatchObject({ totalHits: 3 });
  expect(windows.increment('a')).toMatchObject({ totalHits: 1 }); // forgotten
  expect(windows.increment('d')).toMatchObject({ totalHits: 2 });
});
