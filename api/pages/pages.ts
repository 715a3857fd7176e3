import { type Encoded, encodedPage } from '../http/encoded.ts';
import { type Build, type Language, readBuild } from './build.ts';
import { createEventPages, type EventPagesDeps } from './event-pages.ts';
import { createDocuments } from './html.ts';
import { createMadePages } from './made-pages.ts';
import { createProgrammePages, type ProgrammeDeps } from './programme-pages.ts';
import { createRoomLooks } from './room-looks.ts';
import { plainShell, sentenceShell } from './shells.ts';

/** The HTML of every page, made from the build of the web app, in memory. */
export function createPages(deps: EventPagesDeps & ProgrammeDeps & Parameters<typeof createRoomLooks>[0]) {
  const build = readBuild();
  const documents = createDocuments(build);
  const made = createMadePages();
  const plain = forEach(build, (language) => documents.page(language, { title: undefined, app: plainShell(language) }));
  const missing = (title: 'noPage' | 'noEvent') =>
    forEach(build, (language) => {
      const { [title]: heading, [`${title}Why` as const]: why } = language.shell;
      return documents.pageWithoutScript(language, { title: heading, app: sentenceShell(language, heading, why) });
    });
  return {
    /** By name. The first is that of clients who ask for no other. */
    languages: new Map(build.languages.map((language) => [language.name, language])),
    assets: build.assets,
    ofEvent: createEventPages(deps, { documents, made, looks: createRoomLooks(deps), languages: build.languages }),
    ofProgramme: createProgrammePages(deps, documents, made),
    /** A page whose script asks for all that it shows. */
    plain,
    noPage: missing('noPage'),
    noEvent: missing('noEvent'),
  };
}

/** A page that never changes, in each language. */
function forEach({ languages }: Build, make: (language: Language) => string): (language: Language) => Encoded {
  const pages = new Map(languages.map((language) => [language, encodedPage(make(language))]));
  return (language) => pages.get(language) as Encoded;
}
