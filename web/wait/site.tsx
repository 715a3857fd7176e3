import { texts } from '../texts/texts.ts';

/** The site that a waiting page stands in front of, as the API writes it into the page. */
export type Site = {
  /** Its name, in place of Frontrow's, and the address of its logo. */
  title?: string;
  logo?: string;
  /** Its own text, and the language of that. */
  ownText?: { lang: string; text: string };
  /** The origins to which visitors go in their turn. Undefined: they choose seats here. */
  sites?: readonly string[];
  /** Absent: it has. Without, there is nothing to choose or to book here, and the site admits by itself. */
  hasSeats?: boolean;
};

/** The line on top of the page of a site, as `api/pages/shells.ts` writes it. Nothing leads away from the line. */
export const SiteMasthead = ({ title, logo }: { title: string; logo: string | undefined }) => (
  <header class="masthead">
    {logo === undefined ? <p class="wordmark">{title}</p> : <img class="logo" src={logo} alt={title} />}
    <p>{texts.wait.waitingRoom}</p>
  </header>
);

/** The site's own text: an empty line ends a paragraph. */
export const OwnText = ({ lang, text }: { lang: string; text: string }) => (
  <section class="own-text" lang={lang} dir="auto">
    {text.split(/\n{2,}/).map((paragraph) => (
      <p>{paragraph}</p>
    ))}
  </section>
);
