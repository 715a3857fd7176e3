import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createSupervisor } from './supervisor.ts';

/** A part that runs until the test ends it. */
function manual(name: string, fails: () => boolean = () => false) {
  const ends: ((how: string) => void)[] = [];
  let running = 0;
  const start = async () => {
    if (fails()) throw new Error('no room');
    running += 1;
    const exited = new Promise<string>((resolve) => ends.push(resolve)).finally(() => {
      running -= 1;
    });
    return {
      exited,
      async stop() {
        ends.at(-1)?.('SIGTERM');
        await exited;
      },
    };
  };
  return { part: { name, start }, end: (how: string) => ends.at(-1)?.(how), running: () => running };
}

test('what ends again and again is started again after longer and longer pauses, and it is said', async () => {
  const said: string[] = [];
  const supervisor = createSupervisor((line) => said.push(line));
  const { part, end, running } = manual('worker 1');
  await supervisor.add(part);
  for (const pauseMs of [250, 500]) {
    end('SIGKILL');
    await sleep(pauseMs - 100);
    expect(running()).toBe(0);
    await sleep(200);
    expect(running()).toBe(1);
  }
  end('exit code 1');
  await sleep(0);
  expect(said).toEqual([
    'worker 1 ended (SIGKILL). Starting it again in 0.25 s.',
    'worker 1 runs again.',
    'worker 1 ended (SIGKILL). Starting it again in 0.5 s.',
    'worker 1 runs again.',
    'worker 1 ended (exit code 1), 3 times in a row. Starting it again in 1 s.',
  ]);
  await supervisor.stop([], []); // does not wait for the pause
});

test('what is removed is stopped and not started again; the others run on', async () => {
  const supervisor = createSupervisor(() => undefined);
  const [first, second] = [manual('worker 1'), manual('worker 2')];
  await supervisor.add(first.part);
  supervisor.keep(second.part);
  await supervisor.remove('worker 2');
  await sleep(300);
  expect([first.running(), second.running()]).toEqual([1, 0]);
  await supervisor.stop([], []);
  expect(first.running()).toBe(0);
});

test('what does not start at first is kept, or not, as was asked', async () => {
  const said: string[] = [];
  const supervisor = createSupervisor((line) => said.push(line));
  let full = true;
  const { part, running } = manual('worker 1', () => full);
  await expect(supervisor.add(part)).rejects.toThrow('no room');
  supervisor.keep(part);
  await sleep(50);
  full = false;
  await sleep(300);
  expect(running()).toBe(1);
  expect(said).toEqual(['worker 1 did not start: no room. Starting it again in 0.25 s.', 'worker 1 runs again.']);
  await supervisor.stop([], []);
});

test('once everything stops, nothing more is started', async () => {
  const supervisor = createSupervisor(() => undefined);
  const [first, late] = [manual('api'), manual('worker 1')];
  await supervisor.add(first.part);
  const stopped = supervisor.stop(['api'], []);
  await expect(supervisor.add(late.part)).rejects.toThrow('everything stops');
  supervisor.keep(late.part);
  await stopped;
  expect([first.running(), late.running()]).toEqual([0, 0]);
});
