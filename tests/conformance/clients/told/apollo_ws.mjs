// Apollo Client 4 with its link for graphql-ws.
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { document, headers, settings, sink, socketUrl } from "./told.mjs";

const link = new GraphQLWsLink(createClient({ url: socketUrl, connectionParams: headers, ...settings }));
const client = new ApolloClient({ link, cache: new InMemoryCache() });
client.subscribe({ query: gql(document) }).subscribe(sink);
