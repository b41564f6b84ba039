// The few words that are needed while the product has not answered; all others come from it, in the portal's language.
import type { Words } from './told';

const EN = {
  loading: 'Loading …',
  failed: 'The card could not be loaded',
  failed_more: 'The server did not answer as it should. The record itself is not affected.',
  too_many: 'HubSpot allows only so many requests at once. Try again in a moment.',
  retry: 'Try again',
};

const RU: typeof EN = {
  loading: 'Загрузка …',
  failed: 'Карточку не удалось загрузить',
  failed_more: 'Сервер ответил не так, как должен. Сама запись не затронута.',
  too_many: 'HubSpot ограничивает число одновременных запросов. Повторите через минуту.',
  retry: 'Повторить',
};

const PL: typeof EN = {
  loading: 'Wczytywanie …',
  failed: 'Nie udało się wczytać karty',
  failed_more: 'Serwer nie odpowiedział tak, jak powinien. Sam rekord jest nienaruszony.',
  too_many: 'HubSpot ogranicza liczbę jednoczesnych żądań. Spróbuj za chwilę.',
  retry: 'Spróbuj ponownie',
};

/** The words for a user's locale such as `ru` or `pl-PL`; English where there are none. */
export function wordsFor(locale: string | undefined): typeof EN & Words {
  const language = (locale ?? '').toLowerCase().split(/[-_]/)[0];
  return language === 'ru' ? RU : language === 'pl' ? PL : EN;
}
