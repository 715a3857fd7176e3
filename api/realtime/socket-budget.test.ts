import { expect, jest, test } from '@jest/globals';
import { createSocketBudgets } from './socket-budget.ts';

const bounds = { ofSocket: { perSecond: 100, burst: 10 }, ofClient: { perSecond: 200, burst: 15 } };
const createFlow = () => ({ pause: jest.fn(), resume: jest.fn() });
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('a socket past its burst is paused once, and resumed when its debt is paid', async () => {
  const flow = createFlow();
  const budget = createSocketBudgets(bounds)(undefined, flow);
  budget.charge(10);
  expect(flow.pause).not.toHaveBeenCalled();
  budget.charge(5);
  budget.charge(5);
  expect(flow.pause).toHaveBeenCalledTimes(1);
  await until(() => flow.resume.mock.calls.length === 1);
  budget.end();
});

test('all sockets of a client share its budget, a reopened one too; another client is not affected', () => {
  const open = createSocketBudgets(bounds);
  const flows = [createFlow(), createFlow(), createFlow(), createFlow()];
  const [first, second] = [open('a', flows[0] as never), open('a', flows[1] as never)];
  first.charge(9);
  second.charge(9);
  expect(flows[0]?.pause).not.toHaveBeenCalled();
  expect(flows[1]?.pause).toHaveBeenCalledTimes(1);
  second.charge(900);
  first.end();
  second.end();
  const [reopened, other] = [open('a', flows[2] as never), open('b', flows[3] as never)];
  reopened.charge(1);
  other.charge(1);
  expect(flows[2]?.pause).toHaveBeenCalledTimes(1);
  expect(flows[3]?.pause).not.toHaveBeenCalled();
  reopened.end();
  other.end();
});

test('a refund ends the pause', async () => {
  const flow = createFlow();
  const budget = createSocketBudgets(bounds)('a', flow);
  budget.charge(10_000);
  budget.refund(10_000);
  await until(() => flow.resume.mock.calls.length === 1);
  budget.end();
});
