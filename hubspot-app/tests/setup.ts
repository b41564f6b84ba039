// HubSpot runs a card in a worker; its functions are found on `self`.
Object.assign(globalThis, { self: globalThis });
