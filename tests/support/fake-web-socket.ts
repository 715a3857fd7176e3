/** A WebSocket whose server is the test. */
export class FakeWebSocket {
  static opened: FakeWebSocket[] = [];
  static isBlocked = false;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: string[] = [];
  isClosed = false;
  readonly url: string;

  constructor(url: URL) {
    if (FakeWebSocket.isBlocked) throw new Error('blocked');
    this.url = url.href;
    FakeWebSocket.opened.push(this);
  }
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.isClosed = true;
  }

  /** Takes the place of this process's WebSocket. */
  static install(): void {
    FakeWebSocket.opened = [];
    FakeWebSocket.isBlocked = false;
    Object.assign(globalThis, { WebSocket: FakeWebSocket });
  }
}

export const newest = () => FakeWebSocket.opened.at(-1) as FakeWebSocket;
export const connections = () => FakeWebSocket.opened.length;
