// urql 6 as its documentation sets it up: a client with the exchanges for caching and fetching.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { print, settings, url } from "./operations.mjs";

const client = new Client({ url, exchanges: [cacheExchange, fetchExchange], ...settings });
await print(async ({ document, variables, headers }) => {
  const { data, error } = await client.query(document, variables, { fetchOptions: { headers } }).toPromise();
  return { data, error: error?.message };
});
