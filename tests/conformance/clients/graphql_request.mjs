// graphql-request 7 as its documentation sets it up.
import { GraphQLClient } from "graphql-request";
import { print, settings, url } from "./operations.mjs";

const client = new GraphQLClient(url, settings);
await print(async ({ document, variables, headers }) => ({ data: await client.request(document, variables, headers) }));
