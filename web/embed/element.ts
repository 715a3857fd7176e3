/** The parts of an element that its drawing uses. `language`: as the page names it, such as `de` or `de-AT`. */
export type Place = { root: ShadowRoot; eventId: number; baseUrl: string; language: string };

type Drawing = {
  /** The style of the element may have changed. */
  recolour?: () => void;
  stop: () => void;
};

/** The origin that this script was loaded from. */
const OWN_ORIGIN = new URL(import.meta.url).origin;

/** Attributes that begin the drawing anew, and those that may change its colours. */
const BEGINNING = ['event', 'base-url', 'lang'];
const COLOURING = ['class', 'style'];

/** An element that draws an event in its shadow root, as long as it is in a page. */
export abstract class FrontrowElement<Drawn extends Drawing> extends HTMLElement {
  static readonly observedAttributes = [...BEGINNING, ...COLOURING];

  protected drawing: Drawn | undefined;
  readonly #root = this.attachShadow({ mode: 'open' });
  /** Counts drawings: one that was replaced while it was loaded is stopped. */
  #newest = 0;

  /** Loads what draws, and draws. */
  protected abstract draw(place: Place): Promise<Drawn>;

  connectedCallback(): void {
    void this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(name: string): void {
    if (COLOURING.includes(name)) this.drawing?.recolour?.();
    else if (this.isConnected) void this.#begin();
  }

  async #begin(): Promise<void> {
    this.#end();
    const own = this.#newest;
    await undefined; // attributes that are set together begin one drawing
    const eventId = Number(this.getAttribute('event'));
    if (own !== this.#newest || !Number.isInteger(eventId) || eventId < 1) return;
    const drawing = await this.draw({
      root: this.#root,
      eventId,
      baseUrl: this.getAttribute('base-url') ?? OWN_ORIGIN,
      language: this.closest<HTMLElement>('[lang]')?.lang ?? '',
    });
    if (own === this.#newest) this.drawing = drawing;
    else drawing.stop();
  }

  #end(): void {
    this.#newest += 1;
    this.drawing?.stop();
    this.drawing = undefined;
  }
}
