import { type Plan, seatAt, seatPoint } from './bowl.ts';
import { between, type Camera, cameraOn, heldInside, panned, type Size, toPlan, zoomed } from './camera.ts';
import { type Colours, draw, NUMBERS_SCALE, type Scene, SEATS_SCALE } from './draw.ts';
import { type House, labelOf, type Seat, seatOf } from './house.ts';

/** Milliseconds of a flight from one view to another, pixels of an arrow key, and how much nearer a key or button goes. */
const FLIGHT_MS = 350;
const ARROW_PIXELS = 70;
const STEP = 1.6;

/** Pixels that a finger may slip in what is still a tap. */
const SLIP = 8;

/** What the page is told: a seat or a zone was chosen, what the pointer is on, and whether single seats are seen. */
export type ViewEvents = {
  choose: (label: string) => void;
  zone: (zone: number) => void;
  point: (seat: Seat | undefined) => void;
  near: (isNear: boolean) => void;
};

/** A plan on a canvas that follows the house, and fingers, wheel and keys. Draws only what changed, at most once a frame. */
export function createView(canvas: HTMLCanvasElement, plan: Plan, house: House, tell: ViewEvents) {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  Object.assign(canvas, { house }); // for a console, and for tests that hold it against the server's map
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const scene: Scene = {
    ...{ plan, house, mine: new Set(), picked: new Set(), pointed: undefined },
    colours: coloursOf(canvas),
  };
  const pointers = new Map<number, { x: number; y: number }>();
  let size: Size = { width: 1, height: 1 };
  let ratio = 1; // pixels of the screen for one of CSS, as the canvas was made for
  let camera: Camera = { x: 0, y: 0, scale: 1 };
  let isWhole = true;
  let isNear = false;
  let flight: { from: Camera; to: Camera; sinceMs: number } | undefined;
  let slipped = 0;
  let frame = 0;

  const least = () => cameraOn(plan, size).scale * 0.8;

  function redraw(): void {
    frame ||= requestAnimationFrame(paint);
  }

  function paint(nowMs: number): void {
    frame = 0;
    if (ratio !== devicePixelRatio) {
      resize(); // on another screen; it paints
      return;
    }
    if (flight !== undefined) {
      const share = Math.min(1, (nowMs - flight.sinceMs) / FLIGHT_MS);
      camera = between(flight.from, flight.to, Math.max(0, share));
      if (share === 1) flight = undefined;
      else redraw();
    }
    if (isNear !== camera.scale >= SEATS_SCALE) {
      isNear = !isNear;
      tell.near(isNear);
    }
    canvas.classList.toggle('whole', isWhole);
    draw(context, size, ratio, camera, scene);
  }

  function look(to: Camera, atOnce = still.matches): void {
    isWhole = false;
    const next = heldInside(to, plan);
    flight = atOnce ? undefined : { from: camera, to: next, sinceMs: performance.now() };
    if (atOnce) camera = next;
    redraw();
  }

  function whole(): void {
    look(cameraOn(plan, size));
    isWhole = true;
  }

  const middle = () => ({ x: size.width / 2, y: size.height / 2 });
  const nearer = (factor: number, at = middle(), atOnce?: boolean) =>
    look(zoomed(flight?.to ?? camera, size, factor, at, least()), atOnce);

  function resize(): void {
    const { width, height } = canvas.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    size = { width, height };
    ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    if (isWhole) camera = cameraOn(plan, size);
    paint(performance.now()); // at once: setting the size has emptied the canvas
  }

  const at = ({ clientX, clientY }: MouseEvent) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };

  function seatUnder(point: { x: number; y: number }): Seat | undefined {
    const { x, y } = toPlan(camera, size, point);
    return seatAt(plan, x, y);
  }

  /** Chooses the seat, or the zone while single seats are not seen. A finger points at what it touched: it cannot hover. */
  function tap(point: { x: number; y: number }) {
    const seat = seatUnder(point);
    if (seat === undefined) return;
    if (camera.scale < SEATS_SCALE) return tell.zone(seat.zone);
    pointAt(seat);
    tell.choose(labelOf(seat));
  }

  function showZone(zone: number): void {
    const sector = plan.sectors.find((one) => one.zone === zone);
    if (sector === undefined) return;
    const to = cameraOn(plan, size, sector);
    look({ ...to, scale: Math.max(to.scale, SEATS_SCALE * 1.4) });
  }

  /** Goes so near that seats show their numbers. */
  function showSeat(label: string): void {
    const { zone, row, number } = seatOf(label);
    const sector = plan.sectors.find((one) => one.zone === zone);
    if (sector !== undefined) look({ ...seatPoint(sector, row, number), scale: NUMBERS_SCALE + 3 });
  }

  function pointAt(seat: Seat | undefined): void {
    const { pointed } = scene;
    if (pointed?.zone === seat?.zone && pointed?.row === seat?.row && pointed?.number === seat?.number) return;
    scene.pointed = seat;
    tell.point(seat);
    redraw();
  }

  const listeners = {
    wheel(e: WheelEvent) {
      e.preventDefault();
      const lines = e.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      nearer(Math.exp(-e.deltaY * lines * (e.ctrlKey ? 0.01 : 0.0016)), at(e), true);
    },
    pointerdown(e: PointerEvent) {
      if (e.button !== 0) return;
      canvas.setPointerCapture(e.pointerId);
      if (e.pointerType !== 'mouse') pointAt(undefined);
      pointers.set(e.pointerId, at(e));
      if (pointers.size === 1) slipped = 0;
      else slipped = SLIP + 1;
    },
    pointermove(e: PointerEvent) {
      const before = pointers.get(e.pointerId);
      const now = at(e);
      if (before === undefined) {
        if (e.pointerType === 'mouse') pointAt(seatUnder(now));
        return;
      }
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      slipped += Math.hypot(dx, dy);
      const other = [...pointers].find(([id]) => id !== e.pointerId)?.[1];
      pointers.set(e.pointerId, now);
      if (other !== undefined) {
        const apart = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
        const between2 = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
        const spread = zoomed(camera, size, apart(now) / Math.max(1, apart(before)), between2, least());
        look(panned(spread, dx / 2, dy / 2), true);
      } else if (slipped > SLIP) look(panned(camera, dx, dy), true);
    },
    pointerup(e: PointerEvent) {
      if (pointers.delete(e.pointerId) && pointers.size === 0 && slipped <= SLIP) tap(at(e));
    },
    pointercancel(e: PointerEvent) {
      pointers.delete(e.pointerId);
    },
    pointerleave(e: PointerEvent) {
      if (e.pointerType === 'mouse') pointAt(undefined); // a finger leaves whenever it is lifted
    },
    keydown(e: KeyboardEvent) {
      const keys: Record<string, () => void> = {
        ArrowLeft: () => look(panned(flight?.to ?? camera, ARROW_PIXELS, 0)),
        ArrowRight: () => look(panned(flight?.to ?? camera, -ARROW_PIXELS, 0)),
        ArrowUp: () => look(panned(flight?.to ?? camera, 0, ARROW_PIXELS)),
        ArrowDown: () => look(panned(flight?.to ?? camera, 0, -ARROW_PIXELS)),
        '+': () => nearer(STEP),
        '=': () => nearer(STEP),
        '-': () => nearer(1 / STEP),
        '0': whole,
      };
      const act = e.ctrlKey || e.metaKey || e.altKey ? undefined : keys[e.key];
      if (act === undefined) return;
      e.preventDefault();
      act();
    },
  } as const;

  function recolour(): void {
    scene.colours = coloursOf(canvas);
    redraw();
  }

  /** On another screen a pixel may be of another size, and the canvas as large as it was. */
  let screen: MediaQueryList | undefined;
  function followScreen(): void {
    screen?.removeEventListener('change', followScreen);
    screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    screen.addEventListener('change', followScreen);
    redraw();
  }

  const resized = new ResizeObserver(resize);
  resized.observe(canvas);
  followScreen();
  dark.addEventListener('change', recolour);
  const unlisten = house.listen(redraw);
  for (const [name, listener] of Object.entries(listeners))
    canvas.addEventListener(name, listener as EventListener, { passive: false });

  return {
    nearer: () => nearer(STEP),
    farther: () => nearer(1 / STEP),
    whole,
    showZone,
    showSeat,
    /** Marks this buyer's seats, and those picked. */
    mark(mine: readonly string[], picked: readonly string[]): void {
      scene.mine = new Set(mine);
      scene.picked = new Set(picked);
      redraw();
    },
    stop(): void {
      cancelAnimationFrame(frame);
      resized.disconnect();
      screen?.removeEventListener('change', followScreen);
      dark.removeEventListener('change', recolour);
      unlisten();
      for (const [name, listener] of Object.entries(listeners))
        canvas.removeEventListener(name, listener as EventListener);
    },
  };
}

export type View = ReturnType<typeof createView>;

function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ...{ paper: of('paper'), ink: of('ink'), soft: of('soft'), line: of('line') },
    ...{ free: of('free'), held: of('held'), sold: of('sold'), mine: of('accent'), onMine: of('on-accent') },
  };
}
