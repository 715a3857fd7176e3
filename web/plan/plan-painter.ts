import type { House } from '../house/house.ts';
import type { CameraMotion } from './camera-motion.ts';
import { draw } from './draw.ts';
import { type Colours, type Scene, SEATS_SCALE } from './draw-kit.ts';
import { FINGER_PIXELS } from './picking.ts';

/** The smallest things that are drawn: zones, seats, or seats as large as a finger. */
export type Detail = 'zones' | 'seats' | 'large seats';

const detailAt = (scale: number): Detail =>
  scale < SEATS_SCALE ? 'zones' : scale < FINGER_PIXELS ? 'seats' : 'large seats';

/** Paints the scene: in the next frame after a change, and at once when the canvas changes its size. */
export function createPainter(
  canvas: HTMLCanvasElement,
  motion: CameraMotion,
  scene: Scene,
  detailChanged: (detail: Detail) => void,
) {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  let pixelRatio = 1; // device pixels for one of CSS, as the canvas was sized for
  let detail: Detail = 'zones';
  let frame = 0;

  function redraw(): void {
    frame ||= requestAnimationFrame(paint);
  }

  function paint(nowMs: number): void {
    frame = 0;
    if (pixelRatio !== devicePixelRatio) {
      resize(); // the window is on another screen; it paints
      return;
    }
    if (motion.advance(nowMs)) redraw();
    const shown = detailAt(motion.camera().scale);
    if (detail !== shown) {
      detail = shown;
      detailChanged(detail);
    }
    canvas.classList.toggle('whole', motion.isWhole());
    draw(context, motion.size(), pixelRatio, motion.camera(), scene);
  }

  function resize(): void {
    const { width, height } = canvas.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    pixelRatio = devicePixelRatio;
    canvas.width = Math.round(width * pixelRatio);
    canvas.height = Math.round(height * pixelRatio);
    motion.resize({ width, height });
    paint(performance.now()); // at once: the new size has emptied the canvas
  }

  function recolour(): void {
    Object.assign(scene, coloursOf(canvas, scene.house));
    redraw();
  }

  const sizeObserver = new ResizeObserver(resize);
  sizeObserver.observe(canvas);
  const stopListening = [scene.house.listen(redraw), onScreenChange(redraw), onColourSchemeChange(recolour)];
  return {
    redraw,
    recolour,
    stop(): void {
      cancelAnimationFrame(frame);
      sizeObserver.disconnect();
      for (const stop of stopListening) stop();
    },
  };
}

/** Calls a function when the window moves to a screen with another pixel ratio. Returns a function that stops it. */
function onScreenChange(onChange: () => void): () => void {
  let query: MediaQueryList | undefined;
  function follow(): void {
    query?.removeEventListener('change', follow);
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', follow);
    onChange();
  }
  follow();
  return () => query?.removeEventListener('change', follow);
}

function onColourSchemeChange(onChange: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** The colours of the scene, for light or dark. */
export function coloursOf(
  canvas: HTMLCanvasElement,
  house: House,
): Pick<Scene, 'colours' | 'classColours' | 'hatches'> {
  const style = getComputedStyle(canvas);
  // By a property instead of the variable's own text, which may be any way to write a colour, for light and dark. This
  // property has no effect on a canvas, and no browser forces its colour.
  const colour = (name: string) => {
    canvas.style.floodColor = `var(--${name})`;
    return hexOf(style.floodColor);
  };
  const colours: Colours = {
    card: colour('card'),
    paper: colour('paper'),
    ink: colour('ink'),
    soft: colour('soft'),
    line: colour('line'),
    free: colour('free'),
    held: colour('held'),
    sold: colour('sold'),
    mark: colour('sold-mark'),
    picked: colour('picked'),
    mine: colour('accent'),
    onMine: colour('on-accent'),
  };
  return {
    colours,
    classColours: house.priceClasses.all.map((one) => one.colour ?? colours.free),
    hatches: { held: hatchOf(colours.held), sold: hatchOf(colours.mark) },
  };
}

/** `#rrggbb` of `rgb(r, g, b)`. Other colours, which are translucent or of a wide gamut, stay as they are. */
const hexOf = (colour: string): string =>
  colour.replace(/^rgb\((\d+), (\d+), (\d+)\)$/, (_, ...parts: string[]) =>
    parts.slice(0, 3).reduce((hex, part) => hex + Number(part).toString(16).padStart(2, '0'), '#'),
  );

/** Device pixels of one tile of the hatch. */
const HATCH_PIXELS = 7;

/** Diagonal lines of a colour. */
function hatchOf(colour: string): CanvasPattern | string {
  const tile = Object.assign(document.createElement('canvas'), { width: HATCH_PIXELS, height: HATCH_PIXELS });
  const context = tile.getContext('2d') as CanvasRenderingContext2D;
  context.strokeStyle = colour;
  context.beginPath();
  for (const offset of [-HATCH_PIXELS, 0, HATCH_PIXELS]) {
    context.moveTo(offset, HATCH_PIXELS);
    context.lineTo(offset + HATCH_PIXELS, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
