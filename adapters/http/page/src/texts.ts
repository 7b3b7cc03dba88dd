/** The catalogue in use. A second language is imported here, and chosen by what the browser asks for. */
import { en, type Texts } from './texts-en.table.ts';

const catalogues: readonly Texts[] = [en];

const asked = typeof navigator === 'undefined' ? 'en' : navigator.language.slice(0, 2);

export const texts: Texts = catalogues.find(({ language }) => language === asked) ?? en;
