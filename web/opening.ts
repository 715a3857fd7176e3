/** The value that the API wrote into this page, for its first view; undefined where it wrote none. */
export function openingOf<Opening>(): Opening | undefined {
  const text = document.getElementById('opening')?.textContent;
  return text == null ? undefined : (JSON.parse(text) as Opening);
}

/** Whether the browser's history has brought the page back, as it was when it was loaded. */
export function isFromHistory(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.type === 'back_forward';
}
