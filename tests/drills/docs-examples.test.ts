import { afterEach, expect, test } from '@jest/globals';
import { type Example, examples } from '../../api/routes/openapi/examples.ts';
import { type Reply, send } from '../support/client.ts';
import { type Described, operations, requestOf } from '../support/example-requests.ts';
import { cleanUp, dataFolder, startFrontrow } from '../support/processes.ts';

afterEach(cleanUp);

type System = Pick<Awaited<ReturnType<typeof startFrontrow>>, 'url' | 'asOperator'>;

/** Operations that are not sent here: a herd would book what the others need, and texts are no JSON. */
const NOT_SENT = ['startHerd', 'readMetrics', 'readDocs'];

const describedBy = (id: string): Described => {
  const found = operations.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`the document has no operation ${id}`);
  return found;
};

const isSuccess = ({ status }: Reply) => status >= 200 && status < 300;

/** The id in the last answer of each operation. */
const madeBy = new Map<string, string>();

/** Sends an operation's example, after those that it names. The answers must be as documented. */
async function play(system: System, id: string): Promise<Reply> {
  const { after = [], idOf }: Example = examples[id] ?? {};
  let made: string | undefined;
  for (const one of after) {
    const answer = await sendExample(system, one, made);
    if (!isSuccess(answer)) throw new Error(`${one} before ${id}: ${JSON.stringify(answer.body)}`);
    made = answer.body.id === undefined ? made : String(answer.body.id);
  }
  const answer = await sendExample(system, id, idOf === undefined ? made : madeBy.get(idOf));
  madeBy.set(id, String(answer.body.id));
  return answer;
}

function sendExample({ url, asOperator }: System, id: string, made: string | undefined): Promise<Reply> {
  const described = describedBy(id);
  const { address, headers, body } = requestOf(described, made);
  return send(url, described.method, address, body, { ...headers, ...(described.takesToken && asOperator) });
}

test('each operation has an example for what has to be filled in, and no other', () => {
  const missing = operations.flatMap(({ id, parameters, body }) => [
    ...parameters.filter(({ required, example }) => required && example === undefined).map(({ name }) => [id, name]),
    ...(body !== undefined && body.example === undefined ? [[id, 'body']] : []),
  ]);
  expect(missing).toEqual([]);
  for (const [id, { after = [] }] of Object.entries(examples)) for (const one of [id, ...after]) describedBy(one);
});

test('the examples work on a new system, in the order of the document', async () => {
  const system = await startFrontrow(dataFolder());
  const wrong: unknown[] = [];
  for (const { id } of operations.filter((operation) => !NOT_SENT.includes(operation.id))) {
    const answer = await play(system, id);
    const { refusedWith }: Example = examples[id] ?? {};
    if (refusedWith === undefined ? !isSuccess(answer) : answer.status !== refusedWith) wrong.push([id, answer.body]);
  }
  expect(wrong).toEqual([]);
});
