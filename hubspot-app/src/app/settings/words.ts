// The few words that the settings page needs while the product has not answered; all others come from it.

const EN = {
  loading: 'Loading …',
  failed: 'The server did not answer',
  failed_more: 'The settings could not be loaded. Nothing was changed.',
  too_many: 'HubSpot allows only so many requests at once. Try again in a moment.',
  retry: 'Try again',
};

const RU: typeof EN = {
  loading: 'Загрузка …',
  failed: 'Сервер не ответил',
  failed_more: 'Настройки не удалось загрузить. Ничего не изменено.',
  too_many: 'HubSpot ограничивает число одновременных запросов. Повторите через минуту.',
  retry: 'Повторить',
};

const PL: typeof EN = {
  loading: 'Wczytywanie …',
  failed: 'Serwer nie odpowiedział',
  failed_more: 'Nie udało się wczytać ustawień. Nic się nie zmieniło.',
  too_many: 'HubSpot ogranicza liczbę jednoczesnych żądań. Spróbuj za chwilę.',
  retry: 'Spróbuj ponownie',
};

/** The words for a user's locale such as `ru` or `pl-PL`; English where there are none. */
export function wordsFor(locale: string | undefined): typeof EN {
  const language = (locale ?? '').toLowerCase().split(/[-_]/)[0];
  return language === 'ru' ? RU : language === 'pl' ? PL : EN;
}
