import dictionary from './words.json';
import { language } from './preferences';

export type Word = keyof typeof dictionary.en;

/** A word or sentence in the chosen language; `{name}` stands for an argument. */
export function t(word: Word, values?: Readonly<Record<string, string | number>>): string {
  const text: string = dictionary[language.value][word];
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text;
}

/** The word for a code of the host, such as a state; the code itself where the dictionary has none. */
export function code(group: string, value: string | null | undefined): string {
  if (!value) {
    return '–';
  }
  const word = `${group}.${value}`;
  return word in dictionary.en ? t(word as Word) : value.replaceAll('_', ' ');
}
