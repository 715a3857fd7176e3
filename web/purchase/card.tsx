import type { ComponentChildren } from 'preact';

/** A step of the purchase. Its heading takes the focus. */
export const Card = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="card" aria-labelledby="purchase">
    <h2 id="purchase" tabIndex={-1}>
      {title}
    </h2>
    {children}
  </section>
);
