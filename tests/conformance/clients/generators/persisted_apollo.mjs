// Apollo Client 4 with the manifest that @apollo/generate-persisted-query-manifest made, as its documentation sets it up.
import { readFileSync } from "node:fs";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { print, url } from "./operations.mjs";

const loadManifest = () => JSON.parse(readFileSync("persisted-query-manifest.json", "utf8"));
const { generateHash } = generatePersistedQueryIdsFromManifest({ loadManifest });
const link = createPersistedQueryLink({ generateHash }).concat(new HttpLink({ uri: url }));
const client = new ApolloClient({ link, cache: new InMemoryCache() });
await print(async ({ document, variables, headers }) => {
  const { data, error } = await client.query({ query: gql(document), variables, context: { headers } });
  return { data, error: error?.message };
});
