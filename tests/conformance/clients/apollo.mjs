// Apollo Client 4 as its documentation sets it up: an HttpLink and an in-memory cache.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { print, settings, url } from "./operations.mjs";

const client = new ApolloClient({ link: new HttpLink({ uri: url, ...settings }), cache: new InMemoryCache() });
await print(async ({ document, variables, headers }) => {
  const { data, error } = await client.query({ query: gql(document), variables, context: { headers } });
  return { data, error: error?.message };
});
