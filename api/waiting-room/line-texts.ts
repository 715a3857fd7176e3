import type { LineView } from '../../shared/contract/line.ts';
import { etagOf } from '../http/public-answers.ts';

/** A line as everybody gets it. */
export type LineText = { text: string; etag: string };

/** Milliseconds for which everybody gets the same text. */
const KEPT_MS = 1_000;
const MAX_KEPT = 10_000;

/** Writes the lines of events as texts, each at most once a second, whoever asks. */
export function createLineTexts() {
  const kept = new Map<number, { text: LineText | Promise<LineText>; untilMs: number }>();

  function keep(eventId: number, text: LineText | Promise<LineText>): void {
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(eventId, { text, untilMs: performance.now() + KEPT_MS });
  }

  return {
    /** The text of this second; undefined where nobody has asked yet. */
    find(eventId: number): LineText | Promise<LineText> | undefined {
      const last = kept.get(eventId);
      return last !== undefined && last.untilMs > performance.now() ? last.text : undefined;
    },

    /** Reads a line and keeps its text. Others who ask meanwhile get the same. @throws the fault of the read */
    make(eventId: number, read: () => Promise<LineView>): Promise<LineText> {
      const made = read().then(
        (view) => {
          const text = JSON.stringify(view);
          const line = { text, etag: etagOf(text) };
          keep(eventId, line);
          return line;
        },
        (fault: unknown) => {
          kept.delete(eventId);
          throw fault;
        },
      );
      keep(eventId, made);
      return made;
    },
  };
}
