// urql 6 with its exchange for subscriptions, over graphql-ws.
import { Client, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { document, headers, settings, sink, socketUrl, url } from "./told.mjs";

const socket = createClient({ url: socketUrl, connectionParams: headers, ...settings });
const exchange = subscriptionExchange({
  forwardSubscription: (request) => ({
    subscribe: (observer) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, observer) }),
  }),
});
const client = new Client({ url, exchanges: [exchange] });
client.subscription(document, {}).subscribe(sink.next);
