import { FrontrowElement, type Place } from './element.ts';
import type { MapDrawing } from './map.tsx';

/** `<frontrow-map event="1">`: the seats of an event, live. A visitor picks some; the site has them booked. */
export class FrontrowMap extends FrontrowElement<MapDrawing> {
  #seats: readonly string[] = [];

  /** The ids of the picked seats. Of those that a site sets, seats that are not available are dropped. */
  get seats(): string[] {
    return [...this.#seats];
  }

  set seats(seats: Iterable<string>) {
    this.#seats = [...seats];
    this.drawing?.pick(this.#seats);
  }

  protected async draw(place: Place): Promise<MapDrawing> {
    const { drawMap } = await import('./map.tsx');
    return drawMap(place, this.#seats, (seats, labels) => this.#report(seats, labels));
  }

  /** Dispatches `seats`, unless the site itself has set the same. */
  #report(seats: readonly string[], labels: readonly string[]): void {
    if (seats.join() === this.#seats.join()) return;
    this.#seats = seats;
    const detail = { seats: [...seats], labels: [...labels] };
    this.dispatchEvent(new CustomEvent('seats', { detail, bubbles: true, composed: true }));
  }
}
