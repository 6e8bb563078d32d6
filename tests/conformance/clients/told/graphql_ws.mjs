// graphql-ws as its documentation sets it up, over Node's own WebSocket.
import { createClient } from "graphql-ws";
import { document, headers, settings, sink, socketUrl } from "./told.mjs";

const client = createClient({ url: socketUrl, connectionParams: headers, ...settings });
client.subscribe({ query: document }, sink);
