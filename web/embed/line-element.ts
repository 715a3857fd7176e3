import { FrontrowElement, type Place } from './element.ts';
import type { LineDrawing, LineState } from './line.tsx';

/** `<frontrow-line event="1">`: the waiting room of an event. It joins, waits, and reports the visitor's admission. */
export class FrontrowLine extends FrontrowElement<LineDrawing> {
  #token: string | undefined;
  #state = '';
  #admission = '';

  /** The token of the user or buyer who waits, where the line requires one. */
  get token(): string | undefined {
    return this.#token;
  }

  set token(token: string | undefined) {
    this.#token = token;
    this.drawing?.retry();
  }

  protected async draw(place: Place): Promise<LineDrawing> {
    const { drawLine } = await import('./line.tsx');
    return drawLine(
      place,
      () => this.#token,
      (state) => this.#report(state),
    );
  }

  /** Dispatches `status` where anything has changed, and `admission` once for each. */
  #report({ admission, ...status }: LineState): void {
    const state = JSON.stringify(status);
    if (state !== this.#state) this.#dispatch('status', status);
    this.#state = state;
    if (admission !== undefined && admission.token !== this.#admission) {
      this.#admission = admission.token;
      this.#dispatch('admission', { token: admission.token, expiresAt: admission.expiresAt });
    }
  }

  #dispatch(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
