// urql 6 that sends ids only, as its documentation sets it up.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { print, url } from "./operations.mjs";

const persisted = persistedExchange({ enforcePersistedQueries: true, preferGetForPersistedQueries: false });
const exchanges = [cacheExchange, persisted, fetchExchange];
const client = new Client({ url, exchanges, preferGetMethod: false });
await print(async ({ document, variables, headers }) => {
  const { data, error } = await client.query(document, variables, { fetchOptions: { headers } }).toPromise();
  return { data, error: error?.message };
});
