// Where the product runs; written by `lifecycle webhooks sync` from PUBLIC_URL, do not edit.
export const ADDRESS = 'https://lifecycle.example.com';
