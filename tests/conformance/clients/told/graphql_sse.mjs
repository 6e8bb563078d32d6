// graphql-sse as its documentation sets it up, in its mode of distinct connections.
import { createClient } from "graphql-sse";
import { document, headers, settings, sink, url } from "./told.mjs";

const client = createClient({ url, headers, ...settings });
client.subscribe({ query: document }, sink);
