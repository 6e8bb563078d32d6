// urql 6 with its exchange for fetching, which subscribes by a stream of events if it is told to.
import { Client, fetchExchange } from "@urql/core";
import { document, headers, settings, sink, url } from "./told.mjs";

const client = new Client({ url, exchanges: [fetchExchange], fetchOptions: { headers }, ...settings });
client.subscription(document, {}).subscribe(sink.next);
