import { connect, type Socket } from 'node:net';

/** A connection that is reused from one readable request to the next, as clients do, and replaced when it has ended. */
export function createLine(url: string) {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  let received: Buffer = Buffer.alloc(0);
  let onChange: () => void = () => undefined;
  let hasEnded = false;

  function open(): Socket {
    const opened = connect({ host: hostname, port: Number(port), noDelay: true });
    received = Buffer.alloc(0);
    hasEnded = false;
    opened.on('data', (chunk) => {
      if (socket !== opened) return;
      received = Buffer.concat([received, chunk]);
      onChange();
    });
    opened.on('error', () => undefined); // followed by close
    opened.on('close', () => {
      if (socket !== opened) return;
      hasEnded = true;
      onChange();
    });
    return opened;
  }

  return {
    /** Bytes that were received and not read yet. */
    get received() {
      return received;
    },
    set received(bytes: Buffer) {
      received = bytes;
    },
    get hasEnded() {
      return hasEnded;
    },
    /** Whether the next bytes go over a connection that was used before. */
    get isReused() {
      return socket !== undefined && !hasEnded;
    },
    send(bytes: Buffer): void {
      if (socket === undefined || hasEnded) socket = open();
      socket.write(bytes);
    },
    /** Waits until bytes came or the connection ended. Returns false where neither happened in time. */
    nextChange(timeoutMs: number): Promise<boolean> {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), timeoutMs);
        onChange = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
    /** Ends the connection at once. Nothing of it remains. */
    drop(): void {
      socket?.resetAndDestroy();
      socket = undefined;
      received = Buffer.alloc(0);
    },
  };
}

export type Line = ReturnType<typeof createLine>;
