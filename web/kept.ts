import type { z } from 'zod';
import type { admission } from '../shared/contract/waiting-room.ts';

/** A visitor's place in an event's line. `aheadAtStart`: people ahead when it was first known. */
export type Place = { visitorToken: string; aheadAtStart?: number };

export type Admission = z.infer<typeof admission>;

/** What this browser keeps of a visitor, for all its tabs. */
export const keptPlace = (eventId: number) => kept<Place>(`frontrow:place:${eventId}`);
export const keptAdmission = (eventId: number) => kept<Admission>(`frontrow:admission:${eventId}`);

/** One value in localStorage; only in this tab's memory where the browser keeps nothing for us. */
function kept<Value>(key: string) {
  let memory: string | null = null;
  const storage = localStorageOrNone();
  return {
    key,
    /** Whether a reload finds it again. */
    lasts: storage !== undefined,
    read(): Value | undefined {
      const text = storage === undefined ? memory : storage.getItem(key);
      return text === null ? undefined : (JSON.parse(text) as Value);
    },
    write(value: Value): void {
      memory = JSON.stringify(value);
      storage?.setItem(key, memory);
    },
    forget(): void {
      memory = null;
      storage?.removeItem(key);
    },
  };
}

function localStorageOrNone(): Storage | undefined {
  const probe = 'frontrow:probe';
  try {
    window.localStorage.setItem(probe, probe);
    window.localStorage.removeItem(probe);
    return window.localStorage;
  } catch {
    return undefined; // a browser that is told to keep nothing throws; the page then says so
  }
}
