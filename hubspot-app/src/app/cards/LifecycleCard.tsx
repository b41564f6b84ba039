// The card's entry point: HubSpot runs this file on each contact's and company's record.
import { hubspot } from '@hubspot/ui-extensions';
import { Card } from './Card';

hubspot.extend<'crm.record.tab'>(({ context }) => (
  <Card
    objectTypeId={context.crm.objectTypeId}
    objectId={context.crm.objectId}
    locale={context.user.locale ?? context.user.language}
  />
));
