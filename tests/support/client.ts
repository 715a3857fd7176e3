import { once } from 'node:events';
import { WebSocket } from 'ws';
import { expectDocumented } from './openapi.ts';

/** The parts of an answer that tests read. */
export type Reply = { status: number; headers: Headers; body: Record<string, unknown> };

/** Sends a request: an object as JSON, a string as it is. The answer must be as the OpenAPI document describes. */
export async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, {
    method,
    ...content,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  const text = await response.text();
  const answer = text === '' ? {} : (JSON.parse(text) as Reply['body']);
  expectDocumented(method, path, response, answer);
  return { status: response.status, headers: response.headers, body: answer };
}

/** Opens a WebSocket whose messages can be awaited one by one. */
export async function openSocket(url: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  const received: Record<string, unknown>[] = [];
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    const next = waiting.shift();
    if (next === undefined) received.push(message);
    else next(message);
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await once(socket, 'open');
  return {
    socket,
    closed,
    send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: async () => received.shift() ?? new Promise<Record<string, unknown>>((resolve) => waiting.push(resolve)),
    close: () => socket.close(),
  };
}
