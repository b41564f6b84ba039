// The settings page's entry point: HubSpot runs this file where an admin opens the app's settings.
import { hubspot } from '@hubspot/ui-extensions';
import { SettingsPage } from './SettingsPage';

hubspot.extend<'settings'>(({ context }) => (
  <SettingsPage locale={context.user.locale ?? context.user.language} />
));
