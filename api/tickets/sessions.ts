import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SESSION_TOKEN_HEADER, sessionToken } from '../../shared/contract/messages.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { shardOfTicket } from '../../shared/domain/ticket-id.ts';
import { throwUnlessUnavailable } from '../../shared/platform/faults.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import { publish } from '../../shared/stores/redis/channels.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { ApiError } from '../http/errors.ts';

/** Random bytes of a token: nobody guesses the token of another's session (I9). */
const TOKEN_BYTES = 16;

/** Tickets that one command passes to other nodes, and tickets that may wait for the next. */
const MAX_PASSED = 500;
const MAX_WAITING = 20_000;

/** The first character of a message between nodes that passes tickets; each line is a ticket id and a token. */
export const FOLLOWS = '+';

/** The socket of a session. */
export type SessionSocket = {
  /** Follows a ticket. Returns false where the socket closes or follows too many. */
  follow: (ticketId: string) => boolean;
  /** Sends the token to the client. */
  announce: (token: string) => void;
};

/** A ticket whose request carried the token of a session. */
type Followed = { token: string; ticketId: string };

/**
 * Sessions: a socket with a session gets the outcome of each request that carries its token. The token names the node
 * that has the socket, so that a request which arrives at another node is passed to it.
 */
export function createSessions(deps: { redis: RedisShards; shards: number; node: string; log: Pick<Logger, 'warn'> }) {
  const { redis, shards, node, log } = deps;
  const sockets = new Map<string, SessionSocket>();
  const passing = createGroupCommit<Followed, boolean>({
    flush: (tickets) => passToNodes(redis, shards, tickets),
    maxItems: MAX_PASSED,
    maxWaiting: MAX_WAITING,
  });
  const followHere = (token: string, ticketId: string) => sockets.get(token)?.follow(ticketId) ?? false;

  return {
    /** Opens the session of a socket. Returns its token. */
    open(socket: SessionSocket): string {
      const token = `${node}.${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      sockets.set(token, socket);
      return token;
    },

    end: (token: string): boolean => sockets.delete(token),

    /**
     * Lets the socket of a session follow a ticket.
     *
     * @returns false where this node knows that it does not: the session has ended, its node does not listen, or the
     * socket follows too many tickets
     */
    async follow(token: string, ticketId: string): Promise<boolean> {
      if (nodeOf(token) === node) return followHere(token, ticketId);
      try {
        return (await passing.add({ token, ticketId })) ?? false;
      } catch (fault) {
        log.warn({ ticketId, fault: (fault as Error).message }, 'passing a ticket to the node of its session failed');
        return false;
      }
    },

    /** Follows the tickets that another node has passed. */
    followPassed(message: string): void {
      for (const line of message.slice(FOLLOWS.length).split('\n')) {
        const [ticketId = '', token = ''] = line.split(' ');
        followHere(token, ticketId);
      }
    },

    /** Sends each session its token again, because tickets that other nodes passed may have been missed. */
    announceAll(): void {
      for (const [token, socket] of sockets) socket.announce(token);
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;

/**
 * The session token of a request; undefined without one.
 *
 * @throws ApiError INVALID_REQUEST where it cannot be a token
 */
export function sessionTokenOf({ headers }: IncomingMessage): string | undefined {
  const sent = headers[SESSION_TOKEN_HEADER];
  if (sent === undefined) return undefined;
  const { data: token } = sessionToken.safeParse(sent);
  if (token === undefined) throw new ApiError('INVALID_REQUEST', 'X-Session-Token: not the token of a session');
  return token;
}

const nodeOf = (token: string): string => token.slice(0, token.indexOf('.'));

/**
 * Passes tickets to the nodes of their sessions, in the shards of the tickets, which have just accepted them.
 *
 * @returns for each whether its node listens
 */
async function passToNodes(redis: RedisShards, shards: number, tickets: readonly Followed[]): Promise<boolean[]> {
  const shardOf = ({ ticketId }: Followed) => shardOfTicket(ticketId, shards) ?? 0;
  const channelOf = (ticket: Followed) => `${keysOf(shardOf(ticket)).channelStem}${nodeOf(ticket.token)}`;
  const listening = new Set<string>();
  await Promise.all(
    [...groupBy(tickets, channelOf)].map(async ([channel, passed]) => {
      const lines = passed.map(({ token, ticketId }) => `${ticketId} ${token}`);
      const shard = shardOf(passed[0] as Followed);
      const listeners = await publish(redis, shard, channel, FOLLOWS + lines.join('\n')).catch((fault: unknown) => {
        throwUnlessUnavailable(fault); // tickets of other shards are passed on
        return 0;
      });
      if (listeners > 0) listening.add(channel);
    }),
  );
  return tickets.map((ticket) => listening.has(channelOf(ticket)));
}
